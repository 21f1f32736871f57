/** What the commands of every package share. */
package org.tarflowlm.command;
