/** Text to token ids and back: text8's 27 symbols, bytes, and GPT-2's byte-pair encoding. Ids are below 65,536. */
package org.tarflowlm.data.tokenize;
