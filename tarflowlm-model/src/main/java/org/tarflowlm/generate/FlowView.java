package org.tarflowlm.generate;

import java.util.ArrayList;
import java.util.List;
import org.tarflowlm.config.ChannelDirection;
import org.tarflowlm.config.FlowSpec;
import org.tarflowlm.config.TarFlowConfig;
import org.tarflowlm.data.tokenize.Tokenizer;

/**
 * A text at each pass through the stack, from noise to text: every level decoded, and which tokens each flow changed (hierarchical
 * editing, paper section 5).
 *
 * @param passes the noise, then the level after inverting each of the flows L - 1 to 0; the last is the text itself
 */
public record FlowView(List<Pass> passes) {

  /**
   * One level of the stack.
   *
   * @param level l of h^(l): L for the noise, 0 for the text's latents
   * @param source what made it: "noise", or the flow's number, coupling and direction
   * @param tokens the decoded tokens
   * @param pieces the text of each token by itself; bytes that are not valid UTF-8 by themselves show as U+FFFD
   * @param text the text of all tokens
   * @param changed for each token, whether it differs from the previous pass; false in the first pass
   */
  public record Pass(int level, String source, int[] tokens, List<String> pieces, String text, boolean[] changed) {

    /** How many tokens differ from the previous pass. */
    public int changes() {
      int count = 0;
      for (boolean each : changed) {
        count += each ? 1 : 0;
      }
      return count;
    }
  }

  /**
   * The passes of a generated text.
   *
   * @throws IllegalArgumentException if the text was generated without {@link GenerationOptions#showFlows()}
   */
  public static FlowView of(Generation generation, TarFlowConfig config, Tokenizer tokenizer) {
    if (generation.levels().length == 0) {
      throw new IllegalArgumentException("the text was generated without showFlows; its levels are not known");
    }
    return of(generation.levels(), config, tokenizer);
  }

  /**
   * The passes of any decoded levels.
   *
   * @param levels [L + 1][tokens], from z to u
   */
  public static FlowView of(int[][] levels, TarFlowConfig config, Tokenizer tokenizer) {
    List<Pass> passes = new ArrayList<>();
    for (int l = levels.length - 1; l >= 0; l--) {
      int[] tokens = levels[l];
      boolean[] changed = new boolean[tokens.length];
      List<String> pieces = new ArrayList<>();
      for (int t = 0; t < tokens.length; t++) {
        changed[t] = l < levels.length - 1 && tokens[t] != levels[l + 1][t];
        pieces.add(tokenizer.decode(new int[] {tokens[t]}));
      }
      String source = l == levels.length - 1 ? "noise" : name(l, config.flows().get(l));
      passes.add(new Pass(l, source, tokens, List.copyOf(pieces), tokenizer.decode(tokens), changed));
    }
    return new FlowView(List.copyOf(passes));
  }

  /** A flow in words: its number, coupling and direction. */
  public static String name(int l, FlowSpec flow) {
    String coupling = switch (flow.coupling()) {
      case AFFINE -> "affine";
      case MIX_1 -> "Mix-1";
      case MIX_D -> "Mix-d";
      case AFFINE_D -> "affine over the codebook";
    };
    String direction = switch (flow.direction()) {
      case LEFT_TO_RIGHT -> "left to right";
      case RIGHT_TO_LEFT -> "right to left";
    };
    String channels = flow.channelDirection() == ChannelDirection.DESCENDING ? ", channels down" : "";
    return "flow " + l + " (" + coupling + ", " + (flow.isInToken() ? "in token" : direction) + channels + ")";
  }
}
