package org.tarflowlm.data.text;

import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import org.tarflowlm.data.file.InputFile;
import org.tarflowlm.data.tokenize.Gpt2Bpe;
import org.tarflowlm.data.tokenize.Tokenizer;

/**
 * Windows of GPT-2 ids of a corpus of documents: OpenWebText's tar.xz, a folder of .txt, or .jsonl (see
 * {@link DocumentSources}), 50256 between documents. Windows run on over the ends of documents.
 *
 * <p>Each epoch tokenises again: for more than one, build a {@link TokenCache}.
 */
public final class OpenWebTextRecordReader extends WindowRecordReader {
  private static final long serialVersionUID = 1L;

  private final InvalidUtf8 invalid;
  private final DocumentSource.Limits limits;
  private final int threads;

  /** @param length tokens in a window */
  public OpenWebTextRecordReader(int length) {
    this(length, InvalidUtf8.FAIL, DocumentSource.Limits.DEFAULT, Runtime.getRuntime().availableProcessors());
  }

  /**
   * @param length tokens in a window
   * @param invalid what to do with documents that are not UTF-8
   * @param limits bounds against hostile archives
   * @param threads how many tokenise
   */
  public OpenWebTextRecordReader(int length, InvalidUtf8 invalid, DocumentSource.Limits limits, int threads) {
    super(length);
    this.invalid = invalid;
    this.limits = limits;
    this.threads = threads;
  }

  @Override
  protected TokenStream open(List<Path> locations) throws IOException {
    return TokenStreams.ofDocuments(locations.stream().map(InputFile::of).toList(), new Gpt2Bpe(), invalid, limits, threads);
  }

  @Override
  protected Tokenizer tokenizer() {
    return new Gpt2Bpe();
  }
}
