package org.tarflowlm.data.text;

import java.io.IOException;
import java.io.InputStream;
import org.tarflowlm.data.file.InputFile;

/**
 * Documents of a tar file (plain or compressed) that holds .txt files, or compressed tars of them as OpenWebText's published
 * {@code openwebtext.tar.xz} does.
 */
final class TarDocuments implements DocumentSource {
  private final InputStream in;
  private final TarTexts outer;
  private final Limits limits;
  /** An inner archive too large to be held, read a batch at a time. */
  private TarTexts inner;
  /** Whether the outer tar stands at an archive that comes next, after the texts before it. */
  private boolean ahead;

  TarDocuments(InputFile file, Limits limits) {
    this.in = file.open();
    this.outer = new TarTexts(in, file.toString(), limits);
    this.limits = limits;
  }

  @Override
  public Part next() {
    DocumentBatch batch = new DocumentBatch();
    while (inner != null || ahead || outer.advance()) {
      ahead = false;
      if (inner != null) {
        inner = fill(batch, inner) ? inner : null;
        if (!batch.isEmpty()) {
          return batch;
        }
      } else if (outer.isText()) {
        if (batch.add(outer.text())) {
          return batch;
        }
      } else if (!batch.isEmpty()) {
        ahead = true;
        return batch;
      } else if (outer.size() <= InnerArchive.IN_MEMORY) {
        return InnerArchive.part(outer.entryName(), outer.bytes(), limits);
      } else {
        inner = InnerArchive.stream(outer.stream(), outer.entryName(), limits);
      }
    }
    return batch.isEmpty() ? null : batch;
  }

  /** @return whether the batch is full; false at the end of the archive */
  private static boolean fill(DocumentBatch batch, TarTexts texts) {
    while (texts.advance()) {
      if (texts.isText() && batch.add(texts.text())) {
        return true;
      }
    }
    return false;
  }

  @Override
  public void close() throws IOException {
    in.close();
  }
}
