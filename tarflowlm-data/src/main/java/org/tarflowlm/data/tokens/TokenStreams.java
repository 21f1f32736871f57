package org.tarflowlm.data.tokens;

import java.util.List;
import org.tarflowlm.data.documents.DocumentOptions;
import org.tarflowlm.data.documents.DocumentReport;
import org.tarflowlm.data.documents.DocumentSources;
import org.tarflowlm.data.documents.JoinedDocuments;
import org.tarflowlm.data.documents.UnknownCharacters;
import org.tarflowlm.data.file.InputFile;
import org.tarflowlm.data.tokenize.ByteTokenizer;
import org.tarflowlm.data.tokenize.Tokenizer;

/** Opens corpora to be read once from front to back. */
public final class TokenStreams {
  private TokenStreams() {}

  /** The bytes of files, one after another, as tokens. */
  public static TokenStream ofBytes(List<InputFile> files, ByteTokenizer tokenizer, UnknownCharacters foreign) {
    return new JoinedTokenStream(files, tokenizer, foreign);
  }

  /**
   * The ids of documents, with the tokenizer's separator between them.
   *
   * @param files files or folders, see {@link DocumentSources}
   * @param report counts what is not among the documents
   * @param threads how many tokenise
   */
  public static TokenStream ofDocuments(List<InputFile> files, Tokenizer tokenizer, DocumentOptions options, DocumentReport report,
      int threads) {
    return new DocumentTokenStream(new JoinedDocuments(files, options, report), new DocumentTokenizer(tokenizer, options, report), threads);
  }
}
