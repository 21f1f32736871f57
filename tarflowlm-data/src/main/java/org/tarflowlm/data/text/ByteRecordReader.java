package org.tarflowlm.data.text;

import java.io.IOException;
import java.net.URI;
import java.nio.file.Path;
import org.tarflowlm.data.tokenize.ByteTokenizer;

/** Windows of a file whose tokens are its bytes. */
abstract class ByteRecordReader extends WindowRecordReader {
  private static final long serialVersionUID = 1L;

  private final String member;
  private final Foreign foreign;

  ByteRecordReader(int length, String member, Foreign foreign) {
    super(length);
    this.member = member;
    this.foreign = foreign;
  }

  abstract ByteTokenizer tokenizer();

  @Override
  protected TokenStream open(URI location) throws IOException {
    InputFile file = new InputFile(Path.of(location), member);
    return new ByteTokenStream(file.open(), file.toString(), tokenizer(), foreign);
  }
}
