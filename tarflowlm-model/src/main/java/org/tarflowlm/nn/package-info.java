/** The whole connection to DL4J: one output layer that holds the model, its configuration, its memory and its optimiser. */
package org.tarflowlm.nn;
