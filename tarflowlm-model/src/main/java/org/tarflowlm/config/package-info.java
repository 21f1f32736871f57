/**
 * What a model is: records whose constructors check them, as strict JSON both ways, and the names and shapes of the parameters that
 * follow from them. Errors are {@link org.tarflowlm.config.ConfigException}s of one line.
 */
package org.tarflowlm.config;
