package org.tarflowlm.data.text;

/**
 * The name that {@link org.tarflowlm.data.tokens.TokenSequence} had before.
 *
 * @deprecated use {@link org.tarflowlm.data.tokens.TokenSequence}
 */
@Deprecated
public interface TokenSequence extends org.tarflowlm.data.tokens.TokenSequence {}
