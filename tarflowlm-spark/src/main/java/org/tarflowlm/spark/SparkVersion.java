package org.tarflowlm.spark;

import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** The version of Spark on the class path. */
final class SparkVersion {
  private static final Pattern VERSION = Pattern.compile("(\\d+)\\.(\\d+).*");

  private SparkVersion() {}

  /**
   * Checks the version first, since other parts of an old Spark may be missing.
   *
   * @throws IllegalStateException in one line if it is too old
   */
  static void require() {
    require(org.apache.spark.package$.MODULE$.SPARK_VERSION());
  }

  static void require(String found) {
    Matcher version = VERSION.matcher(found);
    if (version.matches() && 100 * Integer.parseInt(version.group(1)) + Integer.parseInt(version.group(2)) < 305) {
      throw new IllegalStateException("Spark is " + found + "; expected 3.5 or newer");
    }
  }
}
