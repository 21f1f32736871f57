/** ND4J's backend: what must be set up before it loads, and the guard of its arrays' memory, which may not be the host's. */
package org.tarflowlm.backend;
