/**
 * Shared types of the data packages. The way through them is straight: a file ({@link org.tarflowlm.data.file}), token ids
 * ({@link org.tarflowlm.data.tokenize}), windows of ids ({@link org.tarflowlm.data.windows}), latent inputs
 * ({@link org.tarflowlm.data.latent}). Nothing here knows a model.
 */
package org.tarflowlm.data;
