/** Deprecated names, kept for one version: see {@link org.tarflowlm.data.tokens}. */
package org.tarflowlm.data.text;
