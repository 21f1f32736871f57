/** Training: runs that stop and resume to the same numbers, layer-wise training (paper section 3.3), and their files. */
package org.tarflowlm.train;
