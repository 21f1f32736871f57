/** Records as strict JSON, both ways. Errors are {@link org.tarflowlm.json.ConfigException}s of one line. */
package org.tarflowlm.json;
