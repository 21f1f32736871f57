package org.tarflowlm.zoo;

import org.tarflowlm.config.TextFormat;

/** Models of OpenWebText: GPT-2's 50,257 tokens, latents of 16 dimensions. */
@SuppressWarnings("unchecked") // as in TarFlowZooModel
public final class OpenWebTextTarFlow extends TarFlowZooModel {
  private OpenWebTextTarFlow(Builder<OpenWebTextTarFlow> builder) {
    super(TextFormat.OPENWEBTEXT, builder);
  }

  public static Builder<OpenWebTextTarFlow> builder() {
    return new Builder<>(OpenWebTextTarFlow::new);
  }
}
