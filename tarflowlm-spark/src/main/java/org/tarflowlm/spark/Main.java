package org.tarflowlm.spark;

import java.util.Locale;

/**
 * The commands for spark-submit: {@code spark-submit --class org.tarflowlm.spark.Main tarflowlm-spark-all.jar score ...}; from a clone
 * {@code ./tarflowlm spark score ...}. Results go to standard output, everything else to standard error. Exit codes are those of the
 * local commands: 0, 1 for a failure, 2 for wrong usage.
 */
public final class Main {
  private static final String THREADS = "tarflowlm.threads";

  private Main() {}

  public static void main(String[] arguments) {
    Locale.setDefault(Locale.ROOT);
    if (System.getProperty(THREADS) == null && System.getenv("TARFLOWLM_THREADS") == null) {
      System.setProperty(THREADS, "1"); // as many tasks as cores, one thread each
    }
    try {
      SparkVersion.require();
      Class.forName("org.apache.spark.sql.SparkSession");
    } catch (ClassNotFoundException | NoClassDefFoundError e) {
      fail("Spark is not on the class path, or not all of it (" + e.getMessage().replace('/', '.') + " is missing); expected to be run by "
          + "spark-submit or ./tarflowlm spark");
    } catch (IllegalStateException e) {
      fail(e.getMessage());
    }
    System.exit(Commands.execute(arguments));
  }

  private static void fail(String message) {
    System.err.println("tarflowlm: " + message);
    System.exit(Commands.FAILURE);
  }
}
