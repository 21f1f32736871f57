/**
 * TarFlowLM on Apache Spark: models over DataFrames ({@link org.tarflowlm.spark.TarFlowSpark}). Figures are those of one machine, to the last bit, however the rows are spread.
 */
package org.tarflowlm.spark;
