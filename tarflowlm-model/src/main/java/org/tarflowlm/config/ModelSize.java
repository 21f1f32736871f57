package org.tarflowlm.config;

/**
 * Size of the transformer body, shared by all flows of a model.
 *
 * <p>PAPER is GPT-2 small, the only body that the paper uses; the others are ours, for training on CPUs.
 */
public enum ModelSize {
  /** For tests and a first look: seconds to train. */
  TINY(32, 2, 3, 32),
  /** About a million parameters with 27 symbols: learns words within an hour on two cores. */
  SMALL(128, 4, 4, 128),
  /** About five million: hours on two cores. */
  MEDIUM(256, 8, 6, 256),
  /** 12 layers, width 768, 12 heads. */
  PAPER(768, 12, 12, 256);

  private final int width;
  private final int heads;
  private final int layers;
  private final int contextLength;

  ModelSize(int width, int heads, int layers, int contextLength) {
    this.width = width;
    this.heads = heads;
    this.layers = layers;
    this.contextLength = contextLength;
  }

  public int width() {
    return width;
  }

  public int heads() {
    return heads;
  }

  /** Transformer layers of all flows together. */
  public int layers() {
    return layers;
  }

  /** Tokens in a window. The paper uses 1024 for OpenWebText, and does not give the number for text8. */
  public int contextLength() {
    return contextLength;
  }
}
