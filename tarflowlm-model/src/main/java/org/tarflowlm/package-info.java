/** Start here: {@link org.tarflowlm.TarFlowLM} is a model that scores, writes and edits text. */
package org.tarflowlm;
