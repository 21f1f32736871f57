package org.tarflowlm.cli;

import java.io.PrintWriter;
import java.util.List;
import org.tarflowlm.generate.FlowView;
import org.tarflowlm.generate.FlowView.Pass;
import picocli.CommandLine.Help.Ansi;

/** Prints a text flow by flow, from noise to the end. Colour marks changed tokens; without colour, carets below mark them. */
final class FlowPrinter {
  private static final int WIDTH = 100;
  private static final String CHANGED = "\u001b[1;30;43m";
  private static final String PLAIN = "\u001b[0m";

  private final PrintWriter out;
  private final boolean colours = Ansi.AUTO.enabled();

  FlowPrinter(PrintWriter out) {
    this.out = out;
  }

  /** Also prints the fixed text around the gap, and the latents' measures. */
  void print(FlowReport report) {
    fixed("before the text, held fixed", report.before());
    fixed("after the text, held fixed", report.after());
    for (int i = 0; i < report.metrics().size(); i++) {
      pass(report.view().passes().get(i), i == 0);
      out.printf("  %s%n%n", measures(report.metrics().get(i)));
    }
  }

  private void fixed(String what, String text) {
    if (!text.isEmpty()) {
      out.printf("%s%n  %s%n%n", what, text);
    }
  }

  private static String measures(FlowReport.Metrics metrics) {
    return String.format("[L2 norm %.3f, cosine %.3f%s%s]", metrics.l2Norm(), metrics.cosine(),
        metrics.participationRatio() == null ? "" : String.format(", participation %.2f", metrics.participationRatio()),
        metrics.centroidMovement() == null ? "" : String.format(", centroid moved %.3f", metrics.centroidMovement()));
  }

  void print(FlowView view) {
    for (Pass pass : view.passes()) {
      pass(pass, pass == view.passes().get(0));
      out.println();
    }
  }

  private void pass(Pass pass, boolean first) {
    out.println(pass.source() + (first ? ", decoded" : ": changes " + pass.changes() + " of " + pass.tokens().length + " tokens"));
    lines(pass);
  }

  private void lines(Pass pass) {
    StringBuilder text = new StringBuilder();
    StringBuilder carets = new StringBuilder();
    int column = 0;
    List<String> pieces = pass.pieces();
    for (int t = 0; t < pieces.size(); t++) {
      String piece = visible(pieces.get(t));
      int length = piece.codePointCount(0, piece.length());
      if (column + length > WIDTH && column > 0) {
        line(text, carets);
        column = 0;
      }
      text.append(colours && pass.changed()[t] ? CHANGED + piece + PLAIN : piece);
      carets.append((pass.changed()[t] ? "^" : " ").repeat(length));
      column += length;
    }
    if (column > 0) {
      line(text, carets);
    }
  }

  private void line(StringBuilder text, StringBuilder carets) {
    out.println("  " + text);
    if (!colours && !carets.toString().isBlank()) {
      out.println("  " + carets.toString().stripTrailing());
    }
    text.setLength(0);
    carets.setLength(0);
  }

  /** One column per character: line ends and other controls would break the lines. */
  private static String visible(String piece) {
    return piece.replace('\n', '\u21b5').replaceAll("\\p{Cntrl}", "\u00b7");
  }
}
