/** Text from a model: options, the generator, the sampler that fills a span, and what each flow contributed to a text. */
package org.tarflowlm.generate;
