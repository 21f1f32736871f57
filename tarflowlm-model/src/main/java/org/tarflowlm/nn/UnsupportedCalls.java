package org.tarflowlm.nn;

/**
 * Detects DL4J calls that silently do not reach a SameDiff layer. The layer cannot override these methods, which belong to DL4J's classes.
 * But each of them calls a method of the layer, which can find its caller on the stack.
 */
final class UnsupportedCalls {
  private static final StackWalker STACK = StackWalker.getInstance();

  private UnsupportedCalls() {}

  /**
   * To be called first in the layer's method.
   *
   * @param method DL4J method that must not be a caller
   * @param what the message, without the advice to use {@link FineTuning}
   * @throws UnsupportedOperationException if that method is a caller
   */
  static void refuse(String className, String method, String what) {
    if (STACK.walk(frames -> frames.skip(2).limit(1).anyMatch(asking ->
        asking.getClassName().equals(className) && asking.getMethodName().equals(method)))) {
      throw new UnsupportedOperationException(what + "; use org.tarflowlm.nn.FineTuning.of(network)");
    }
  }
}
