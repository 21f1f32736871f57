/** DoubleLoops over plain arrays that C2 turns into vector instructions: exponentials, sums, products. */
package org.tarflowlm.vector;
