package org.tarflowlm.data.windows;

import java.nio.file.Path;
import java.util.List;
import org.tarflowlm.data.documents.DocumentOptions;
import org.tarflowlm.data.documents.DocumentReport;
import org.tarflowlm.data.documents.DocumentSources;
import org.tarflowlm.data.file.InputFile;
import org.tarflowlm.data.tokenize.Gpt2Bpe;
import org.tarflowlm.data.tokenize.Tokenizer;
import org.tarflowlm.data.tokens.TokenCache;
import org.tarflowlm.data.tokens.TokenStream;
import org.tarflowlm.data.tokens.TokenStreams;

/**
 * Windows of GPT-2 ids from a corpus of documents: OpenWebText's tar.xz, a folder of .txt, or .jsonl (see {@link DocumentSources}). The
 * id 50256 separates documents; windows cross the ends of documents.
 *
 * <p>Each epoch tokenises again. For more than one epoch, build a {@link TokenCache}.
 */
public final class OpenWebTextRecordReader extends WindowRecordReader {
  private static final long serialVersionUID = 1L;

  private final DocumentOptions options;
  private final int threads;

  /** @param length tokens in a window */
  public OpenWebTextRecordReader(int length) {
    this(length, DocumentOptions.DEFAULT, Runtime.getRuntime().availableProcessors());
  }

  /**
   * @param length tokens in a window
   * @param threads number of tokenising threads
   */
  public OpenWebTextRecordReader(int length, DocumentOptions options, int threads) {
    super(length, Gpt2Bpe.NAME);
    this.options = options;
    this.threads = threads;
  }

  @Override
  TokenStream open(List<Path> files, Tokenizer tokenizer) {
    return TokenStreams.ofDocuments(files.stream().map(InputFile::of).toList(), tokenizer, options, new DocumentReport(), threads);
  }
}
