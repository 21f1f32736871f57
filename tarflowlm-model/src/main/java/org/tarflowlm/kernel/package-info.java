/**
 * The transformer's building blocks on plain arrays and native matrix products, forward and backward, in single precision. Internal.
 *
 * <p>Half of the time goes into matrix products, which OpenBLAS computes best in large pieces, and half into moving numbers. So products
 * are native ({@link org.tarflowlm.kernel.Gemm}), and all other work runs in chunks that stay in a core's cache
 * ({@link org.tarflowlm.kernel.Scratch}), in loops that C2 vectorises. Shapes alone decide how work is split, and parts are added in a
 * fixed order ({@link org.tarflowlm.kernel.Parallel}), so results do not depend on threads. Generation proceeds position by position, with
 * products of one row; {@link org.tarflowlm.kernel.RowProduct} gives a row the same bits whatever other rows the product has.
 */
package org.tarflowlm.kernel;
