/**
 * The couplings in single precision, many rows at a time. Internal: graphs use the ops, everyone else the classes of {@code coupling}.
 *
 * <p>Why it is not simple: C2 turns a loop into vector instructions only if it is small, has no branch, and uses one index for all its
 * arrays. So arrays are laid out [K][R], components of R rows ({@link org.tarflowlm.coupling.batch.BatchLayout}), a number per row is
 * repeated for every component before it meets them, and a formula is a chain of short loops. Sums in linear space are quicker than
 * log-sum-exp but lose digits in far tails; each row keeps count of what it has left, and the few that lose too much are computed by the
 * double-precision class ({@link org.tarflowlm.coupling.batch.RowInDouble}).
 */
package org.tarflowlm.coupling.batch;
