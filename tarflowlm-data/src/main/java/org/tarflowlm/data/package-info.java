/**
 * Shared types of the data packages. Data passes through them in this order: files ({@link org.tarflowlm.data.file}), token ids ({@link
 * org.tarflowlm.data.tokenize}), windows of ids ({@link org.tarflowlm.data.windows}), latent inputs ({@link org.tarflowlm.data.latent}).
 * These packages do not depend on a model.
 */
package org.tarflowlm.data;
