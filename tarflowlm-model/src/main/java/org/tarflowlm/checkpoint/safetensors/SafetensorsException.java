package org.tarflowlm.checkpoint.safetensors;

import java.io.IOException;

/** The file is not a valid safetensors file, or holds something that the reader does not support; the message is one line. */
public class SafetensorsException extends IOException {
  private static final long serialVersionUID = 1L;

  /** Kind of problem, one for each check. */
  public enum Problem {
    /** The file is shorter than the 8 bytes of the header's length. */
    NO_HEADER_LENGTH,
    /** The header's length is above 100 MB, or zero, or negative. */
    HEADER_LENGTH,
    /** The header would end after the file does. */
    HEADER_BEYOND_FILE,
    /** The header does not begin with an opening brace. */
    HEADER_START,
    /** Something other than spaces stands between the header's closing brace and its end. */
    HEADER_PADDING,
    /** The header is not UTF-8. */
    HEADER_ENCODING,
    /** The header is not JSON. */
    HEADER_SYNTAX,
    /** A tensor, a metadata key or a key of a tensor's entry appears twice. */
    DUPLICATE_KEY,
    /** {@code __metadata__} is not an object of strings. */
    METADATA,
    /** A tensor's entry lacks a key, has an unknown one, or one of the wrong type. */
    ENTRY,
    /** An element type that is not one of {@link DType}. */
    DTYPE,
    /** A shape has negative or fractional sizes or too many of them. */
    SHAPE,
    /** The product of shape and element size does not fit 63 bits. */
    OVERFLOW,
    /** Offsets are not two ascending whole numbers. */
    OFFSETS,
    /** The offsets' span is not the shape's size in bytes. */
    SIZE,
    /** Bytes between two tensors belong to neither. */
    GAP,
    /** Two tensors share bytes. */
    OVERLAP,
    /** The file ends before the last tensor does. */
    TRUNCATED,
    /** The file continues after the last tensor. */
    TRAILING_BYTES,
    /** A requested tensor is not in the file. */
    NO_SUCH_TENSOR,
    /** A tensor has more elements than fit in a Java array. */
    TOO_LARGE,
    /** A value is too large for the element type to be written. */
    OUT_OF_RANGE
  }

  private final Problem problem;

  SafetensorsException(Problem problem, String message) {
    super(message);
    this.problem = problem;
  }

  public Problem problem() {
    return problem;
  }
}
