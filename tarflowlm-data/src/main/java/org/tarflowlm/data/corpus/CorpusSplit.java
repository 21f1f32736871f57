package org.tarflowlm.data.corpus;

import java.util.List;
import org.datavec.api.split.CollectionInputSplit;
import org.tarflowlm.data.DataException;
import org.tarflowlm.data.tokenize.Tokenizer;
import org.tarflowlm.data.tokens.TokenSequence;

/** A part of a corpus, such as text8:train, for DataVec's record readers: {@code reader.initialize(new CorpusSplit("text8", "train"))}. */
public final class CorpusSplit extends CollectionInputSplit {
  private static final long serialVersionUID = 1L;

  /** Null after deserialisation: then the corpora of the environment are used. */
  private final transient Corpora corpora;
  private final String corpus;
  private final String part;

  /** A part of a corpus in the cache folder of the environment. */
  public CorpusSplit(String corpus, String part) {
    this(Corpora.fromEnvironment(), corpus, part);
  }

  /** @throws DataException if there is no such corpus or part */
  public CorpusSplit(Corpora corpora, String corpus, String part) {
    super(List.of(corpora.file(corpora.byName(corpus)).toUri()));
    this.corpora = corpora;
    this.corpus = corpus;
    this.part = corpora.byName(corpus).split(part).name();
  }

  /**
   * The tokens of the part.
   *
   * @throws DataException if the corpus is not in the cache, or cannot be cut with that tokenizer
   */
  public TokenSequence open(Tokenizer tokenizer) {
    Corpora known = corpora == null ? Corpora.fromEnvironment() : corpora;
    return known.open(known.byName(corpus), part, tokenizer);
  }

  /** The name that commands take, such as text8:train. */
  @Override
  public String toString() {
    return corpus + ":" + part;
  }
}
