/** Programs to copy from. */
package org.tarflowlm.spark.examples;
