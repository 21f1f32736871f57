/**
 * The transformer's building blocks on plain arrays and native matrix products, forward beside backward, in single precision. The
 * work is cut into the same blocks on any number of cores, so that results do not depend on it.
 */
package org.tarflowlm.kernel;
