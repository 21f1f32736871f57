/**
 * Files: plain or compressed on disk, memory-mapped, or fetched and checked against a length and a hash. A written file appears complete
 * or not at all.
 */
package org.tarflowlm.data.file;
