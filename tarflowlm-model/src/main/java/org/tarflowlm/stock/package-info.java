/**
 * Formulas of the couplings in stock ops of ND4J whose gradients are written down instead of derived, so that they hold in the tails and
 * need not keep what they can compute again. Nothing here knows where the memory of an array is.
 */
package org.tarflowlm.stock;
