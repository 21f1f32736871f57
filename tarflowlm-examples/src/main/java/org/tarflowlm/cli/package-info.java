/** The command line: {@code ./tarflowlm}. Results go to standard output; a failure is one line on standard error and an exit code. */
package org.tarflowlm.cli;
