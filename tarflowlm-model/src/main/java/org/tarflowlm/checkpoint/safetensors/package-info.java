/** The safetensors format, read strictly: a file that is not exactly what its header says is refused with one line. */
package org.tarflowlm.checkpoint.safetensors;
