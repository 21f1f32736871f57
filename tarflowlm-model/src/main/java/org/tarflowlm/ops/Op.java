package org.tarflowlm.ops;

import java.lang.annotation.ElementType;
import java.lang.annotation.Retention;
import java.lang.annotation.RetentionPolicy;
import java.lang.annotation.Target;

/** What a class of ops declares: its name and its outputs, and which arrays are not rows. An index of -1 stands for none. */
@Retention(RetentionPolicy.RUNTIME)
@Target(ElementType.TYPE)
@interface Op {
  /** Name by which graphs find the op: no stock op has it. */
  String name();

  int outputs() default 1;

  /**
   * The op of its gradient, which takes the op's own inputs, then the gradients of its outputs, of a saved one the output itself; JavaOp
   * for an op that says otherwise itself, or has none.
   */
  Class<? extends JavaOp> gradient() default JavaOp.class;

  /** Inputs of the op that its gradient takes, the first ones. */
  int gradientReads() default Integer.MAX_VALUE;

  /** Index of the shared means among the inputs, followed by the log-scales. */
  int sharedMeans() default -1;

  /** Whether the last two outputs are the gradients of the shared means and log-scales. */
  boolean sharedGradients() default false;

  /** Index of the input that {@link RowsOp.FloatRows} takes from {@link RowBlock#saved}. */
  int savedInput() default -1;

  /** Index of the output that {@link RowsOp.FloatRows} leaves in {@link RowBlock#saved}. */
  int savedOutput() default -1;

  /** First inputs that {@link RowsOp.FloatRows} does not read, since a forward op saved what its gradient needs. */
  int unread() default 0;
}
