/** Configuration of models: records with checked constructors, and the parameters' names and shapes. */
package org.tarflowlm.config;
