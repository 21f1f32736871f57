/**
 * The couplings in single precision, many rows at a time. Internal: graphs use the ops, all other code the classes of {@code coupling}.
 *
 * <p>The C2 compiler vectorises a loop only if it is small, has no branch, and uses one index for all its arrays. So arrays are
 * [K][R], components of R rows ({@link org.tarflowlm.coupling.batch.BatchLayout}), per-row numbers are repeated for every component
 * before use, and a formula is a chain of short loops. Sums in linear space are faster than log-sum-exp but lose digits in far tails.
 * Each row tracks its remaining accuracy, and {@link org.tarflowlm.coupling.batch.RowInDouble} recomputes the few rows that lose too much.
 */
package org.tarflowlm.coupling.batch;
