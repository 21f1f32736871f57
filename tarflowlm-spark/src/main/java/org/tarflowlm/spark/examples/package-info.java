/** Example programs to copy from. */
package org.tarflowlm.spark.examples;
