package org.tarflowlm.nn.session;

import java.io.OutputStream;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;

/** Silences System.out during one call, because M2.1 prints a line there for every op that it differentiates. */
public final class QuietOutput {
  private QuietOutput() {}

  public static synchronized void run(Runnable action) {
    PrintStream out = System.out;
    System.setOut(new PrintStream(OutputStream.nullOutputStream(), false, StandardCharsets.UTF_8));
    try {
      action.run();
    } finally {
      System.setOut(out);
    }
  }
}
