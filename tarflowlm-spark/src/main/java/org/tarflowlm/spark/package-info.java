/**
 * TarFlowLM on Apache Spark. {@link org.tarflowlm.spark.TarFlowSpark} works on DataFrames; its results equal those of one machine, to the
 * last bit, however the rows are spread.
 */
package org.tarflowlm.spark;
