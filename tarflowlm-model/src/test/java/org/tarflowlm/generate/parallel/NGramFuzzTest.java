package org.tarflowlm.generate.parallel;

import com.code_intelligence.jazzer.junit.FuzzTest;
import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.util.zip.GZIPOutputStream;

/** A stranger's packed n-grams give a table or an IOException; see docs/reliability.md. */
class NGramFuzzTest {
  @FuzzTest
  void ngrams(byte[] bytes) throws IOException {
    ByteArrayOutputStream packed = new ByteArrayOutputStream();
    try (GZIPOutputStream out = new GZIPOutputStream(packed)) {
      out.write(bytes);
    }
    try {
      NGramFile.read(new ByteArrayInputStream(packed.toByteArray()));
    } catch (IOException e) {
      // The reader refuses the bytes.
    }
  }
}
