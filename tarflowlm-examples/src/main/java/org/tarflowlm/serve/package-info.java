/** An HTTP server: the playground's page, OpenAI's completions, and what only flows can do. */
package org.tarflowlm.serve;
