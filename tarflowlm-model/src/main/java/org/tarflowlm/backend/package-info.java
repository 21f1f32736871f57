/** Prepares the process before ND4J loads a backend, and guards access to arrays, which may not be in the host's memory. */
package org.tarflowlm.backend;
