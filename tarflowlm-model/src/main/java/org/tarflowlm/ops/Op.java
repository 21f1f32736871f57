package org.tarflowlm.ops;

import java.lang.annotation.Documented;
import java.lang.annotation.ElementType;
import java.lang.annotation.Retention;
import java.lang.annotation.RetentionPolicy;
import java.lang.annotation.Target;

/** What a class of ops declares; {@link Signature} says how its arrays are written down. */
@Documented
@Retention(RetentionPolicy.RUNTIME)
@Target(ElementType.TYPE)
public @interface Op {
  /** Name by which graphs find the op: no stock op has it. */
  String name();

  /** The inputs, such as {@code x [.., in], weight [in, out]}. The op checks their shapes. */
  String in();

  /** The outputs; their shapes follow from those of the inputs. */
  String out();

  /**
   * The op of its gradient. It takes those inputs and outputs of this op that it has inputs of the same names for, and the gradients of the
   * outputs, in order, for its other inputs. It gives the gradients of this op's first inputs; those that remain are ids, or a residual.
   * JavaOp for an op that says otherwise itself, or has none.
   */
  Class<? extends JavaOp> gradient() default JavaOp.class;

  /** First inputs that {@link RowsOp.FloatRows} does not read, since a forward op saved what its gradient needs. */
  int unread() default 0;
}
