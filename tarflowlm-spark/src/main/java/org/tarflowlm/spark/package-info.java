/**
 * TarFlowLM on Apache Spark. {@link org.tarflowlm.spark.TarFlowSpark} works on DataFrames; figures are those of one machine, to the last
 * bit, however the rows are spread.
 */
package org.tarflowlm.spark;
