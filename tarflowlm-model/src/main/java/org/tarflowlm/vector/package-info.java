/**
 * Loops over plain arrays that C2 turns into vector instructions: {@link org.tarflowlm.vector.FloatLoops sums and products},
 * {@link org.tarflowlm.vector.FloatMath exponentials and related functions}, and
 * {@link org.tarflowlm.vector.DoubleLoops what the couplings share in double precision}. Loops that several classes use are here; a loop
 * for a single formula is next to the formula.
 */
package org.tarflowlm.vector;
