package org.tarflowlm.spark;

import org.tarflowlm.spark.examples.ScoreTable;
import picocli.CommandLine.Command;

/** Runs the example in a session with this command line's settings. */
@Command(name = "example", mixinStandardHelpOptions = true, description = "Run the example ScoreTable: score a table, also in SQL, and "
    + "continue its rows.")
final class ExampleCommand extends Commands.OnSpark {
  @Override
  public void run() {
    session.run(spark -> ScoreTable.main());
  }
}
