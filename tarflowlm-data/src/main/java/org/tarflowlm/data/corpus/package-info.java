/** The literature's corpora by name: addresses, lengths, hashes and splits. */
package org.tarflowlm.data.corpus;
