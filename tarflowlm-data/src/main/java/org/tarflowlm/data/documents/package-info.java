/** Text files, folders and archives as documents, and the cleaning of text8. */
package org.tarflowlm.data.documents;
