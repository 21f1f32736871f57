"""Runs notebooks from top to bottom and stores their outputs in place."""
import asyncio
import os
import socket
import sys
import time

import nbformat
from nbclient import NotebookClient


class PatientClient(NotebookClient):
    """The kernel dies of a request that comes before it has set itself up, shortly after it opened its last port."""

    async def async_start_new_kernel_client(self):
        for _ in range(600):
            with socket.socket() as port:
                if port.connect_ex((self.km.ip, self.km.iopub_port)) == 0:
                    break
            await asyncio.sleep(0.5)
        await asyncio.sleep(15)
        return await super().async_start_new_kernel_client()


for path in sys.argv[1:]:
    begin = time.time()
    notebook = nbformat.read(path, 4)
    PatientClient(notebook, timeout=900, kernel_name="java", startup_timeout=300, record_timing=False, coalesce_streams=True).execute()
    for cell in notebook.cells:
        if cell.cell_type == "code" and cell.source.startswith("%"):
            cell.outputs = []  # a magic names the folders of the machine
    temporary = path + ".tmp"
    nbformat.write(notebook, temporary)
    os.replace(temporary, path)
    print(f"{path}: {time.time() - begin:.0f} s")
