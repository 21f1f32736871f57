package org.tarflowlm.ops;

import java.lang.annotation.Documented;
import java.lang.annotation.ElementType;
import java.lang.annotation.Retention;
import java.lang.annotation.RetentionPolicy;
import java.lang.annotation.Target;

/** What an op class declares. {@link Signature} explains the notation for arrays. */
@Documented
@Retention(RetentionPolicy.RUNTIME)
@Target(ElementType.TYPE)
public @interface Op {
  /** Name by which graphs find the op; it must differ from every stock op's name. */
  String name();

  /** The inputs, such as {@code x [.., in], weight [in, out]}. The op checks their shapes. */
  String in();

  /** The outputs, in the same notation. Their shapes follow from those of the inputs. */
  String out();

  /**
   * The gradient op. An input of it that has the name of an input or output of this op receives that array. Its other inputs receive the
   * gradients of this op's outputs, in order. It computes the gradients of this op's first inputs; the remaining inputs are ids, whose
   * gradient is zero, or a residual. JavaOp stands for an op that has no gradient, or that overrides {@link JavaOp#doDiff}.
   */
  Class<? extends JavaOp> gradient() default JavaOp.class;

  /** How many of the first inputs {@link RowsOp.FloatRows} skips, because the forward op saved what the gradient needs. */
  int unread() default 0;
}
