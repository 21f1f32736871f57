package org.tarflowlm.zoo;

import org.tarflowlm.config.TextFormat;
import org.tarflowlm.config.Variant;

/** The named checkpoints of the zoo: what DL4J's PretrainedType is for its image models. */
public enum TarFlowPretrained {
  /** The flagship. */
  TEXT8_MIX_D("text8-mixd", TextFormat.TEXT8, Variant.MIX_D),
  TEXT8_MIX_1("text8-mix1", TextFormat.TEXT8, Variant.MIX_1),
  TEXT8_AFFINE("text8-affine", TextFormat.TEXT8, Variant.AFFINE),
  /** The discrete twin of {@link #TEXT8_MIX_D}. */
  TEXT8_AUTOREGRESSIVE("text8-ar", TextFormat.TEXT8, Variant.AUTOREGRESSIVE),
  ENWIK8_MIX_D("enwik8-mixd", TextFormat.ENWIK8, Variant.MIX_D),
  OPENWEBTEXT_MIX_D("openwebtext-mixd", TextFormat.OPENWEBTEXT, Variant.MIX_D);

  private final String id;
  private final TextFormat format;
  private final Variant variant;

  TarFlowPretrained(String id, TextFormat format, Variant variant) {
    this.id = id;
    this.format = format;
    this.variant = variant;
  }

  /** Id in the zoo's index. */
  public String id() {
    return id;
  }

  public TextFormat format() {
    return format;
  }

  public Variant variant() {
    return variant;
  }

  /** Whether its weights are on the class path. */
  public boolean isAvailable() {
    return TarFlowZoo.list().stream().anyMatch(each -> each.id().equals(id));
  }

  /** The one of a format and a variant, or null if there is none. */
  static TarFlowPretrained of(TextFormat format, Variant variant) {
    for (TarFlowPretrained each : values()) {
      if (each.format == format && each.variant == variant) {
        return each;
      }
    }
    return null;
  }
}
