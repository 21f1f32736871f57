/** Documents as one sequence of token ids. Everything streams or is memory-mapped, whatever the size of the corpus. */
package org.tarflowlm.data.tokens;
