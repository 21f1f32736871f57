/** Code that the commands of all packages share. */
package org.tarflowlm.command;
