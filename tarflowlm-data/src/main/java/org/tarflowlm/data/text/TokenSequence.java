package org.tarflowlm.data.text;

/**
 * The former name of {@link org.tarflowlm.data.tokens.TokenSequence}.
 *
 * @deprecated use {@link org.tarflowlm.data.tokens.TokenSequence}
 */
@Deprecated
public interface TokenSequence extends org.tarflowlm.data.tokens.TokenSequence {}
