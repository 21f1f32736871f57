/**
 * Loops over plain arrays that C2 turns into vector instructions: {@link org.tarflowlm.vector.FloatLoops sums and products},
 * {@link org.tarflowlm.vector.FloatMath exponentials and their kin}, and
 * {@link org.tarflowlm.vector.DoubleLoops what the couplings share in double precision}. Loops that more than one class needs stand here; a
 * loop that is one formula's stands with the formula.
 */
package org.tarflowlm.vector;
