/** Short programs to learn from, each with a {@code main} method: {@code ./tarflowlm example} lists and runs them. */
package org.tarflowlm.examples;
