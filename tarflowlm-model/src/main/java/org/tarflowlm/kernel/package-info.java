/**
 * The transformer's building blocks on plain arrays and native matrix products, forward beside backward, in single precision. Work
 * is shared out so that results do not depend on which thread does what.
 */
package org.tarflowlm.kernel;
