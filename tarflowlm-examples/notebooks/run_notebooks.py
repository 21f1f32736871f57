"""Runs notebooks from top to bottom and stores their outputs in place."""
import asyncio
import os
import socket
import sys
import time

import nbformat
from nbclient import NotebookClient

TRIES = 5


class PatientClient(NotebookClient):
    """Waits before the first request: the kernel dies if one arrives while it sets itself up, shortly after it opens its last port."""

    async def async_start_new_kernel_client(self):
        for _ in range(600):
            with socket.socket() as port:
                if port.connect_ex((self.km.ip, self.km.hb_port)) == 0:
                    break
            await asyncio.sleep(0.5)
        await asyncio.sleep(15)
        return await super().async_start_new_kernel_client()


def run(path):
    """Runs a notebook. A kernel that does not answer within half a minute never will, so another one is started."""
    for attempt in range(TRIES):
        notebook = nbformat.read(path, 4)
        client = PatientClient(notebook, timeout=1800, kernel_name="java", startup_timeout=30, record_timing=False, coalesce_streams=True,
                               resources={"metadata": {"path": os.path.dirname(path) or "."}})
        try:
            client.execute()
            return notebook
        except RuntimeError as error:
            if "Kernel didn't respond" not in str(error) or attempt == TRIES - 1:
                raise
            print(f"{path}: the kernel did not start; trying again", file=sys.stderr)


for path in sys.argv[1:]:
    begin = time.time()
    notebook = run(path)
    for cell in notebook.cells:
        if cell.cell_type == "code" and cell.source.startswith("%"):
            cell.outputs = []  # the output of a magic names this machine's folders
    temporary = path + ".tmp"
    nbformat.write(notebook, temporary)
    os.replace(temporary, path)
    print(f"{path}: {time.time() - begin:.0f} s")
