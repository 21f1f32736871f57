/** Starting weights of an untrained model. */
package org.tarflowlm.init;
