package org.tarflowlm.data.windows;

import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import org.tarflowlm.data.documents.UnknownCharacters;
import org.tarflowlm.data.file.InputFile;
import org.tarflowlm.data.tokenize.ByteTokenizer;
import org.tarflowlm.data.tokens.TokenStream;
import org.tarflowlm.data.tokens.TokenStreams;

/** Windows of files whose tokens are their bytes. */
abstract class ByteRecordReader extends WindowRecordReader {
  private static final long serialVersionUID = 1L;

  private final String member;
  private final UnknownCharacters foreign;

  ByteRecordReader(int length, String member, UnknownCharacters foreign) {
    super(length);
    this.member = member;
    this.foreign = foreign;
  }

  @Override
  protected abstract ByteTokenizer tokenizer();

  @Override
  protected TokenStream open(List<Path> locations) throws IOException {
    return TokenStreams.ofBytes(locations.stream().map(path -> new InputFile(path, member)).toList(), tokenizer(), foreign);
  }
}
