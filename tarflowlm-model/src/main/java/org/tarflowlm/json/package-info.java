/** Reads and writes records as strict JSON. Errors are {@link org.tarflowlm.json.ConfigException}s with a one-line message. */
package org.tarflowlm.json;
