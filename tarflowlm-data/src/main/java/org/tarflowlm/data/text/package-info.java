/**
 * Text files, folders and archives as token ids, and ids as windows INT [batch, time]: streamed through DataVec's record readers,
 * or in random order through {@link org.tarflowlm.data.text.WindowIterator}. Everything streams or is memory-mapped, whatever the
 * size of the corpus.
 */
package org.tarflowlm.data.text;
