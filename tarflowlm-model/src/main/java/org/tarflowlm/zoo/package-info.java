/** The catalogue of packaged checkpoints, by id and as DL4J's ZooModels. */
package org.tarflowlm.zoo;
