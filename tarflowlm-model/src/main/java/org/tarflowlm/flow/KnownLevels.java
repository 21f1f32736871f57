package org.tarflowlm.flow;

import java.util.List;
import java.util.stream.IntStream;
import org.tarflowlm.config.Direction;
import org.tarflowlm.config.FlowSpec;
import org.tarflowlm.config.TarFlowConfig;

/**
 * What a stack reads at known positions while its flows are inverted over the other positions, the span. Level g is the input of the g-th
 * flow with its own transformer; level 0 is z, where the known positions are given.
 *
 * @param highest the highest level whose known positions a flow reads; 0 if none above z is read
 * @param fixed whether the known positions up to that level do not depend on the span
 */
public record KnownLevels(int highest, boolean fixed) {

  /**
   * The levels of a model.
   *
   * @param before whether there are known positions before the span
   * @param after whether there are known positions after the span
   */
  public static KnownLevels of(TarFlowConfig config, boolean before, boolean after) {
    List<FlowSpec> flows = config.trunks().stream().map(config.flows()::get).toList();
    int highest = IntStream.range(1, flows.size()).filter(g -> reads(flows.get(g), before, after)).max().orElse(0);
    return new KnownLevels(highest, flows.stream().limit(highest).noneMatch(flow -> reads(flow, after, before)));
  }

  /** Whether a flow reads what lies before or after the positions that it maps, each if there is any. */
  public static boolean reads(FlowSpec flow, boolean before, boolean after) {
    boolean ahead = flow.lookAhead() > 0;
    return flow.direction() == Direction.LEFT_TO_RIGHT ? before || ahead && after : after || ahead && before;
  }
}
