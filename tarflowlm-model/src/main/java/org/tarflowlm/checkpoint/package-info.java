/** A model at rest: configuration, weights and card in one folder or archive, and the addresses from which it is loaded. */
package org.tarflowlm.checkpoint;
