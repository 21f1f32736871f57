/** The literature's corpora by name: where they are, how long they are, what they hash to and how they are split. */
package org.tarflowlm.data.corpus;
