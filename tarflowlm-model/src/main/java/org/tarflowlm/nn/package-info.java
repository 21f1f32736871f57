/** The only door to DL4J: one output layer that holds the whole model, its configuration, its memory and its optimiser. */
package org.tarflowlm.nn;
