package org.tarflowlm.spark;

import java.io.Serializable;
import java.util.Iterator;
import org.apache.spark.api.java.function.MapPartitionsFunction;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.RowFactory;
import org.tarflowlm.data.DataException;

/**
 * Applies a model to each row. The result has the row's columns, those that the task adds, and the error. Either the new columns or the
 * error are null. Rows pass one by one, so that a partition of any size takes the memory of one row.
 *
 * @param width number of columns that the task adds, besides the error
 * @param numerics the driver's
 */
record RowWork(SparkOptions options, Numerics numerics, int width, Task task) implements MapPartitionsFunction<Row, Row> {

  /** Computes the new values of a row. */
  @FunctionalInterface
  interface Task extends Serializable {
    /** @throws DataException or IllegalArgumentException if the row is bad, IllegalStateException if the result is not a number */
    Object[] of(PooledModel model, Row row);
  }

  @Override
  public Iterator<Row> call(Iterator<Row> rows) {
    return new Iterator<>() {
      @Override
      public boolean hasNext() {
        return rows.hasNext();
      }

      @Override
      public Row next() {
        return extended(rows.next());
      }
    };
  }

  private Row extended(Row row) {
    Object[] values = new Object[row.length() + width + 1];
    for (int i = 0; i < row.length(); i++) {
      values[i] = row.get(i);
    }
    System.arraycopy(apply(row), 0, values, row.length(), width + 1);
    return RowFactory.create(values);
  }

  /** The new values and the error, [width + 1]. */
  Object[] apply(Row row) {
    Object[] result = new Object[width + 1];
    numerics.requireHereOnce(options.mixedMachines());
    ModelPool pool = ModelPool.of(options.model()); // a missing model ends the job: it is not the row's error
    try {
      System.arraycopy(pool.use(options.modelsPerExecutor(), model -> task.of(model, row)), 0, result, 0, width);
    } catch (DataException | IllegalArgumentException | IllegalStateException e) {
      result[width] = e.getMessage();
    }
    return result;
  }
}
