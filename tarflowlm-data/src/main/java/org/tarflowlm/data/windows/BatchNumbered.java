package org.tarflowlm.data.windows;

/** A pre-processor that wants to know which batch it is given, so that what it draws at random can be repeated. */
public interface BatchNumbered {
  /**
   * Called before each batch.
   *
   * @param batch its number, counted from 0 through all passes
   */
  void startBatch(long batch);
}
