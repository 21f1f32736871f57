package org.tarflowlm.data.latent;

import java.util.ArrayList;
import java.util.List;
import org.datavec.api.transform.metadata.ColumnMetaData;
import org.datavec.api.transform.metadata.NDArrayMetaData;
import org.datavec.api.transform.schema.Schema;
import org.datavec.api.transform.transform.BaseColumnTransform;
import org.datavec.api.writable.NDArrayWritable;
import org.datavec.api.writable.Writable;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Nd4j;
import org.nd4j.shade.jackson.annotation.JsonProperty;
import org.tarflowlm.data.DataException;

/**
 * DataVec's form of {@link LatentPreProcessor}, for records of windows. It adds a column of noise, FLOAT [1, time, dim], after a column
 * of ids, INT [1, time]. With a codebook, it replaces the ids with latents z, FLOAT [1, time, dim], instead.
 *
 * <p>Records are numbered from 0. Noise depends on the seed, the worker, the record's number and its ids, so that executors that each
 * count from 0 draw different noise for different texts. {@link #rewind} starts again at 0.
 */
public final class LatentTransform extends BaseColumnTransform {
  private static final long serialVersionUID = 1L;

  private final int dim;
  private final LatentCodebook codebook;
  private final long seed;
  private final int worker;
  private transient long next;

  /**
   * @param columnName the column of ids
   * @param dim width of a latent
   * @param codebook of that width, for latents; null for noise
   * @param worker differs between workers
   */
  public LatentTransform(@JsonProperty("columnName") String columnName, @JsonProperty("dim") int dim,
      @JsonProperty("codebook") LatentCodebook codebook, @JsonProperty("seed") long seed, @JsonProperty("worker") int worker) {
    super(columnName);
    this.dim = dim;
    this.codebook = codebook;
    this.seed = seed;
    this.worker = worker;
  }

  /** Name of the noise column. */
  private String noiseColumn() {
    return columnName + ".noise";
  }

  /** Counts records from 0 again: the next epoch repeats the last one. */
  public void rewind() {
    next = 0;
  }

  @Override
  public Schema transform(Schema schema) {
    List<ColumnMetaData> columns = new ArrayList<>(schema.getColumnMetaData());
    int column = schema.getIndexOfColumn(columnName);
    if (codebook == null) {
      columns.add(column + 1, getNewColumnMetaData(noiseColumn(), null));
    } else {
      columns.set(column, getNewColumnMetaData(columnName, null));
    }
    return schema.newSchema(columns);
  }

  @Override
  public ColumnMetaData getNewColumnMetaData(String newName, ColumnMetaData ids) {
    return new NDArrayMetaData(newName, new long[] {1, -1, dim});
  }

  @Override
  public List<Writable> map(List<Writable> record) {
    List<Writable> out = new ArrayList<>(record);
    Writable drawn = map(record.get(columnNumber));
    if (codebook == null) {
      out.add(columnNumber + 1, drawn);
    } else {
      out.set(columnNumber, drawn);
    }
    return out;
  }

  @Override
  public NDArrayWritable map(Writable window) {
    if (!(window instanceof NDArrayWritable ids)) {
      throw new DataException("column " + columnName + " holds " + window.getClass().getSimpleName()
          + "; expected an NDArrayWritable of ids, as window readers give");
    }
    return new NDArrayWritable(drawn(ids.get()));
  }

  /** Noise or latents for one window: FLOAT [1, time, dim]. */
  private INDArray drawn(INDArray ids) {
    int[] tokens = ids.dup('c').data().asInt();
    float[] values = new GaussianNoise(seed, worker).draw(GaussianNoise.stream(next++, tokens), Math.multiplyExact(tokens.length, dim));
    if (codebook != null) {
      values = codebook.encode(tokens, values);
    }
    return Nd4j.createFromArray(values).reshape(1, ids.length(), dim);
  }

  /** Maps an NDArray of ids to noise or latents, as in a record's column. */
  @Override
  public Object map(Object input) {
    return drawn(input instanceof NDArrayWritable writable ? writable.get() : (INDArray) input);
  }

  @Override
  public String[] outputColumnNames() {
    return codebook == null ? new String[] {columnName, noiseColumn()} : new String[] {columnName};
  }

  @Override
  public String toString() {
    return "LatentTransform(column=" + columnName + ", dim=" + dim + (codebook == null ? ", noise" : ", latents") + ")";
  }
}
