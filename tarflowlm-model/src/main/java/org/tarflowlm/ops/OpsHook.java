package org.tarflowlm.ops;

import org.nd4j.linalg.env.EnvironmentalAction;

/**
 * Registers our ops when ND4J starts, so that {@code SameDiff.load} knows them even in a program that names none of our classes. ND4J looks
 * up environmental actions as Java services at the end of its start and creates an instance of each; our constructor registers the ops. The
 * environment variable has no effect.
 */
public final class OpsHook implements EnvironmentalAction {
  public OpsHook() {
    Ops.Registry.fill();
  }

  @Override
  public String targetVariable() {
    return "TARFLOWLM_OPS";
  }

  @Override
  public void process(String value) {
    // the variable has no effect
  }
}
