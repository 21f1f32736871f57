/**
 * The command line: {@code ./tarflowlm}. Results go to standard output; a failure prints one line on standard error and sets the exit
 * code.
 */
package org.tarflowlm.cli;
