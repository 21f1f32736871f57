package org.tarflowlm.checkpoint;

import java.util.Locale;
import java.util.stream.Collectors;
import org.tarflowlm.config.ChannelDirection;
import org.tarflowlm.config.FlowSpec;
import org.tarflowlm.config.ModelType;
import org.tarflowlm.config.TarFlowConfig;

/** Writes a Markdown model card from {@code checkpoint.json} and {@code config.json}, for a checkpoint without a card of its own. */
final class ModelCard {
  private ModelCard() {}

  static String of(Checkpoint checkpoint) {
    CheckpointInfo info = checkpoint.info();
    StringBuilder card = new StringBuilder();
    card.append("# ").append(info.id() == null ? "A TarFlowLM checkpoint" : info.id()).append("\n\n");
    if (info.description() != null) {
      card.append(info.description()).append("\n\n");
    }
    row(card, "Model", describe(checkpoint.config()));
    row(card, "Parameters", String.format(Locale.ROOT, "%,d", checkpoint.parameterCount()));
    row(card, "Tokenizer", info.tokenizer() + ", " + checkpoint.config().vocabSize() + " tokens");
    row(card, "Version", info.version());
    row(card, "Licence", info.license());
    row(card, "Trained on", info.corpus());
    info.training().forEach((key, value) -> row(card, key, value));
    if (!info.measurements().isEmpty()) {
      card.append("\n| measured on | bound | bits per character | standard error | characters |\n|---|---|---|---|---|\n");
      for (Measurement each : info.measurements()) {
        card.append(String.format(Locale.ROOT, "| %s | %s | %.4f | %s | %,d |\n", each.data(), each.bound(), each.bitsPerCharacter(),
            each.standardError() == null ? "" : String.format(Locale.ROOT, "%.4f", each.standardError()), each.characters()));
      }
    }
    return card.toString();
  }

  private static void row(StringBuilder card, String key, String value) {
    if (value != null) {
      card.append("* ").append(key).append(": ").append(value).append('\n');
    }
  }

  private static String describe(TarFlowConfig config) {
    String body = "width " + config.width() + ", " + config.heads() + " heads, context of " + config.contextLength() + " tokens";
    if (config.model() == ModelType.AUTOREGRESSIVE) {
      return "discrete autoregressive transformer, " + config.totalLayers() + " layers, " + body;
    }
    return config.flows().stream().map(ModelCard::describe).collect(Collectors.joining("; ")) + "; latents of " + config.latentDim()
        + " dimensions, " + patches(config) + body;
  }

  private static String patches(TarFlowConfig config) {
    String head = config.hasPatchHead() ? " with " + config.patchHidden() + " hidden units each" : "";
    return config.patchSize() == 1 ? "" : "patches of " + config.patchSize() + " tokens" + head + ", ";
  }

  private static String describe(FlowSpec flow) {
    String components = switch (flow.coupling()) {
      case AFFINE -> "affine";
      case MIX_1 -> "Mix-1 of " + flow.mixtures();
      case MIX_D -> "Mix-d of " + flow.mixtures() + (flow.tied() ? " tied to the codebook" : "");
      case AFFINE_D -> "affine over " + flow.mixtures() + (flow.tied() ? " components tied to the codebook" : " components");
    };
    String channels = flow.channelDirection() == ChannelDirection.DESCENDING ? ", channels down" : "";
    if (flow.isPartial()) {
      channels = ", channels " + flow.firstChannel() + (flow.endChannel() > 0 ? " to " + (flow.endChannel() - 1) : " on");
    }
    return components + ", " + (flow.isInToken() ? "in token" : flow.layers() + (flow.layers() == 1 ? " layer" : " layers")) + channels;
  }
}
