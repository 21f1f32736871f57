/** Short programs to learn from, one {@code main} each: {@code ./tarflowlm example} lists them and runs them. */
package org.tarflowlm.examples;
