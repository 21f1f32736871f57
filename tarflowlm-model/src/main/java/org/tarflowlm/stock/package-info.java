/**
 * Formulas of the couplings in ND4J's stock ops, with explicit instead of derived gradients. These stay accurate in the tails and recompute
 * results instead of keeping them. Nothing here accesses an array's memory, so it works on any backend.
 */
package org.tarflowlm.stock;
