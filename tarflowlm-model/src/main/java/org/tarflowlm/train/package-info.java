/** Training: runs that resume with the same numbers as if never interrupted, layer-wise training (paper section 3.3), and their files. */
package org.tarflowlm.train;
