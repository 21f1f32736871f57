/**
 * Windows of token ids, INT [batch, time]: in random order from {@link org.tarflowlm.data.windows.WindowIterator}, or streamed by
 * DataVec's record readers.
 */
package org.tarflowlm.data.windows;
