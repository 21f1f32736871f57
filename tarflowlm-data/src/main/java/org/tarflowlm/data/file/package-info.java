/**
 * Files: plain or compressed as they lie on disk, memory-mapped, or fetched with a length and a hash to check. What is written
 * appears whole or not at all.
 */
package org.tarflowlm.data.file;
