package org.tarflowlm.data.documents;

import static org.junit.jupiter.api.Assertions.assertTrue;

import com.code_intelligence.jazzer.junit.FuzzTest;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.nio.file.Path;
import org.apache.commons.compress.utils.SeekableInMemoryByteChannel;
import org.tarflowlm.data.DataException;
import org.tarflowlm.data.file.ZipMembers;
import org.tarflowlm.data.tokens.TokenCacheHeader;

/**
 * Whatever bytes a stranger's file has, its reader gives documents, or throws one of our exceptions. A test run reads the inputs beside
 * this class; docs/reliability.md says how to fuzz.
 */
class ReadersFuzzTest {
  private static final DocumentOptions SMALL =
      DocumentOptions.DEFAULT.withLimits(new DocumentSource.Limits(1 << 16, 1 << 18, 1000));

  private static void readAll(DocumentSource opened) throws IOException {
    try (DocumentSource source = opened) {
      for (DocumentSource.Part part = source.next(); part != null; part = source.next()) {
        part.forEach(document -> document.utf8());
      }
    }
  }

  @FuzzTest
  void jsonLines(byte[] bytes) throws IOException {
    for (BadDocuments bad : BadDocuments.values()) {
      try {
        readAll(new JsonLines(new ByteArrayInputStream(bytes), "fuzz", SMALL.withBad(bad), new DocumentReport()));
      } catch (DataException e) {
        // The reader refuses the bytes.
      }
    }
  }

  @FuzzTest
  void tar(byte[] bytes) throws IOException {
    try {
      readAll(new TarDocuments(new ByteArrayInputStream(bytes), "fuzz", SMALL, new DocumentReport(), 1));
    } catch (DataException e) {
      // The reader refuses the bytes.
    }
  }

  @FuzzTest
  void zip(byte[] bytes) throws IOException {
    try {
      readAll(new ZipDocuments(new ZipMembers(new SeekableInMemoryByteChannel(bytes), "fuzz"), "fuzz", SMALL, new DocumentReport(), 1));
    } catch (DataException e) {
      // The reader refuses the bytes.
    }
  }

  /** Puts the header of a token cache around any JSON that fits. */
  @FuzzTest
  void tokenCache(byte[] bytes) {
    try {
      TokenCacheHeader header = TokenCacheHeader.parse(bytes.length > 4000 ? bytes : TokenCacheHeader.around(bytes), Path.of("fuzz"));
      assertTrue(header.fileLength() >= TokenCacheHeader.BYTES && header.blocks() >= 0);
    } catch (DataException e) {
      // The reader refuses the bytes.
    }
  }
}
