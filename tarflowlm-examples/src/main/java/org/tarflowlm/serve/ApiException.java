package org.tarflowlm.serve;

import java.util.Map;
import org.tarflowlm.command.Json;

/** A request that fails: the status and error object, in OpenAI's form, that the client receives. */
final class ApiException extends RuntimeException {
  private static final long serialVersionUID = 1L;
  private static final int LONGEST = 1_000;

  private final int status;
  private final String type;
  private final String code;
  private final String parameter;
  private final int retryAfter;

  private ApiException(int status, String type, String code, String parameter, int retryAfter, String message) {
    super(message.length() <= LONGEST ? message : message.substring(0, LONGEST) + "...", null, false, false);
    this.status = status;
    this.type = type;
    this.code = code;
    this.parameter = parameter;
    this.retryAfter = retryAfter;
  }

  /** @param parameter the field at fault, or null */
  static ApiException badRequest(String parameter, String message) {
    return new ApiException(400, "invalid_request_error", null, parameter, 0, message);
  }

  static ApiException refused(int status, String code, String message) {
    return new ApiException(status, "invalid_request_error", code, null, 0, message);
  }

  static ApiException noModel(String model, Iterable<String> known) {
    return new ApiException(404, "invalid_request_error", "model_not_found", "model", 0,
        "the model '" + model + "' is not served; expected one of " + String.join(", ", known));
  }

  /** @param seconds before the client should retry */
  static ApiException busy(int seconds) {
    return new ApiException(429, "rate_limit_error", "queue_full", null, seconds,
        "the server is busy: its queue is full; retry in " + seconds + " s");
  }

  static ApiException tooSlow(long seconds) {
    return new ApiException(503, "server_error", "time_limit", null, 0,
        "the request took longer than " + seconds + " s, the server's limit; request less, or try again when the server is less busy");
  }

  static ApiException closing() {
    return new ApiException(503, "server_error", "shutting_down", null, 1, "the server is shutting down");
  }

  static ApiException internal() {
    return new ApiException(500, "server_error", "internal_error", null, 0, "the server failed; its log says why");
  }

  int status() {
    return status;
  }

  /** Seconds for the header Retry-After; 0 for none. */
  int retryAfter() {
    return retryAfter;
  }

  Map<String, Object> body() {
    Map<String, Object> error = Json.object("message", getMessage(), "type", type, "param", parameter, "code", code);
    return Map.of("error", error);
  }
}
