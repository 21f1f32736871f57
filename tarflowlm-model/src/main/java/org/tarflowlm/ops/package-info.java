/**
 * SameDiff ops over {@link org.tarflowlm.coupling} and {@link org.tarflowlm.kernel} with their gradients, and generation as ops.
 * {@link org.tarflowlm.ops.JavaOp} alone knows how DL4J 1.0.0-M2.1 runs an op written in Java.
 */
package org.tarflowlm.ops;
