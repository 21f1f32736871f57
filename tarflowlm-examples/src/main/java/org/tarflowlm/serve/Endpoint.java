package org.tarflowlm.serve;

/** What a POST does. */
interface Endpoint {
  /**
   * Reads a request, on a thread that must not wait; the work is done elsewhere.
   *
   * @throws ApiException if the request makes no sense
   */
  Jobs.Work read(Fields fields, ServedModel model);
}
