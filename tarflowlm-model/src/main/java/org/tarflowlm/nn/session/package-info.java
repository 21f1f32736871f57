/** Runs one SameDiff graph many times: records the first run and repeats it in the same memory. */
package org.tarflowlm.nn.session;
