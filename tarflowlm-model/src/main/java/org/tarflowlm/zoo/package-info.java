/**
 * Checkpoints at rest and the zoo of named ones, DL4J's ZooModels, and {@link org.tarflowlm.zoo.TarFlowLM}: a model that scores and writes
 * text.
 */
package org.tarflowlm.zoo;
