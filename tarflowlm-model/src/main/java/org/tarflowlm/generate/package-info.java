/** Generates text from a model: options, generators, the sampler that fills a span, and a view of what each flow changed. */
package org.tarflowlm.generate;
