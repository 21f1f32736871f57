/** Documents as one sequence of token ids, streamed or memory-mapped whatever the size of the corpus. */
package org.tarflowlm.data.tokens;
