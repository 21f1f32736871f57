/** Benchmarks, as commands of the command line. */
package org.tarflowlm.bench;
