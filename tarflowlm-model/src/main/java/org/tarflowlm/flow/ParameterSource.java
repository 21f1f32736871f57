package org.tarflowlm.flow;

import java.util.function.Function;
import org.tarflowlm.kernel.RowProduct;

/** Reads parameters by name and checks their lengths; {@link org.tarflowlm.config.ParameterShapes} lists names and shapes. */
public final class ParameterSource {
  private final Function<String, float[]> parameters;
  private final String prefix;

  public ParameterSource(Function<String, float[]> parameters, String prefix) {
    this.parameters = parameters;
    this.prefix = prefix;
  }

  /** A source whose names have {@code more} appended to this source's prefix. */
  public ParameterSource under(String more) {
    return new ParameterSource(parameters, prefix + more);
  }

  /** A copy of a vector. */
  float[] vector(String name, int length) {
    return get(name, length).clone();
  }

  /** A matrix [rows, columns], one array per row. */
  public float[][] matrix(String name, int rows, int columns) {
    float[] flat = get(name, Math.multiplyExact(rows, columns));
    float[][] result = new float[rows][columns];
    for (int i = 0; i < rows; i++) {
      System.arraycopy(flat, i * columns, result[i], 0, columns);
    }
    return result;
  }

  /** A linear map with weight [in, out] and bias [out]. */
  public RowProduct product(String name, int in, int out) {
    return new RowProduct(get(name + ".weight", Math.multiplyExact(in, out)), get(name + ".bias", out), in, out);
  }

  /** A linear map [in, out] without a bias. */
  RowProduct productWithoutBias(String name, int in, int out) {
    return new RowProduct(get(name + ".weight", Math.multiplyExact(in, out)), new float[out], in, out);
  }

  private float[] get(String name, int length) {
    float[] values = parameters.apply(prefix + name);
    if (values == null) {
      throw new IllegalArgumentException("parameter " + prefix + name + " is missing; expected " + length + " numbers");
    }
    if (values.length != length) {
      throw new IllegalArgumentException("parameter " + prefix + name + " has " + values.length + " numbers; expected " + length);
    }
    return values;
  }
}
