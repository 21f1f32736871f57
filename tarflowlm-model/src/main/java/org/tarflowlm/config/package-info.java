/**
 * Configuration of models: records with checked constructors, strict JSON both ways, and the parameters' names and shapes. Errors are
 * {@link org.tarflowlm.config.ConfigException}s of one line.
 */
package org.tarflowlm.config;
