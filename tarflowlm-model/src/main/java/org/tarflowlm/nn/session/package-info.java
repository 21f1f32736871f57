/** Runs one SameDiff graph many times: the first run is recorded, later ones repeat it in memory that is used again. */
package org.tarflowlm.nn.session;
