/**
 * Token ids as windows INT [batch, time]: in random order through {@link org.tarflowlm.data.windows.WindowIterator}, or streamed through
 * DataVec's record readers.
 */
package org.tarflowlm.data.windows;
