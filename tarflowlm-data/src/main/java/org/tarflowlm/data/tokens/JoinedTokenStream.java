package org.tarflowlm.data.tokens;

import java.io.IOException;
import java.util.Iterator;
import java.util.List;
import org.tarflowlm.data.DataException;
import org.tarflowlm.data.documents.DocumentSources;
import org.tarflowlm.data.documents.UnknownCharacters;
import org.tarflowlm.data.file.InputFile;
import org.tarflowlm.data.tokenize.ByteTokenizer;

/** The bytes of several files, one after another, as tokens. */
final class JoinedTokenStream implements TokenStream {
  private final Iterator<InputFile> files;
  private final ByteTokenizer tokenizer;
  private final UnknownCharacters foreign;
  private TokenStream current;
  private long documents;

  JoinedTokenStream(List<InputFile> files, ByteTokenizer tokenizer, UnknownCharacters foreign) {
    this.files = files.iterator();
    this.tokenizer = tokenizer;
    this.foreign = foreign;
  }

  @Override
  public int read(int[] ids, int at, int count) throws IOException {
    int n = 0;
    while (n < count && (current != null || files.hasNext())) {
      if (current == null) {
        InputFile file = files.next();
        if (DocumentSources.isCollection(file)) {
          throw new DataException(file + " holds documents; expected one running text");
        }
        current = new ByteTokenStream(file.open(), file.toString(), tokenizer, foreign);
        documents++;
      }
      n += current.read(ids, at + n, count - n);
      if (n < count) {
        close();
      }
    }
    return n;
  }

  @Override
  public long documents() {
    return documents;
  }

  @Override
  public void close() throws IOException {
    if (current != null) {
      current.close();
      current = null;
    }
  }
}
