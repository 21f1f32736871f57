/** Stored models: configuration, weights and card in one folder or archive, and the addresses from which they are loaded. */
package org.tarflowlm.checkpoint;
