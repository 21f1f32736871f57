package org.tarflowlm.nn;

/**
 * Calls of DL4J that silently do not reach a SameDiff layer. The classes are DL4J's, so the layer cannot override the calls; but each of
 * them asks the layer for something on its way, and who asks can be seen.
 */
final class UnsupportedCalls {
  private static final StackWalker STACK = StackWalker.getInstance();

  private UnsupportedCalls() {}

  /**
   * Call first in the method that DL4J asks.
   *
   * @param method of DL4J that must not be the one that asks
   * @throws UnsupportedOperationException if it is
   */
  static void refuse(String className, String method, String what) {
    if (STACK.walk(frames -> frames.skip(2).limit(1).anyMatch(asking ->
        asking.getClassName().equals(className) && asking.getMethodName().equals(method)))) {
      throw new UnsupportedOperationException(what + "; use org.tarflowlm.nn.FineTuning.of(network)");
    }
  }
}
