package org.tarflowlm.ops;

import org.nd4j.linalg.env.EnvironmentalAction;

/**
 * Not an action of an environment variable: a way to be called when ND4J has started. ND4J looks such actions up as Java services at the
 * end of its start and makes an instance of each. Making this one registers our ops, so that {@code SameDiff.load} knows them in a program
 * that never names a class of ours.
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
    // the variable means nothing
  }
}
