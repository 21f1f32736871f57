/**
 * The transformer's building blocks on plain arrays and native matrix products, forward beside backward, in single precision. Internal.
 *
 * <p>Why it is not simple: half of the time goes into matrix products, which OpenBLAS does best in large pieces, and half into moving
 * numbers. So products are native ({@link org.tarflowlm.kernel.Gemm}), and what lies between them goes in chunks that stay in a core's
 * cache ({@link org.tarflowlm.kernel.Scratch}), in loops that C2 vectorises. Work is cut by shapes alone and parts are added in one order
 * ({@link org.tarflowlm.kernel.Parallel}): results do not depend on which thread does what. Generation goes position by position, where a
 * product has one row; {@link org.tarflowlm.kernel.RowProduct} gives such a row the same bits whatever stands beside it.
 */
package org.tarflowlm.kernel;
