/** The safetensors format, read strictly: a file that differs in any way from what its header says is refused with a one-line message. */
package org.tarflowlm.checkpoint.safetensors;
