package org.tarflowlm.cli;

import java.io.PrintWriter;
import java.util.List;
import org.tarflowlm.inverse.FlowView;
import org.tarflowlm.inverse.FlowView.Pass;

/** A text flow by flow, from noise to the end: with colours changed tokens stand out, without them there are carets below. */
final class FlowPrinter {
  private static final int WIDTH = 100;
  private static final String CHANGED = "\u001b[1;30;43m";
  private static final String PLAIN = "\u001b[0m";

  private final PrintWriter out;
  private final boolean colours;

  FlowPrinter(PrintWriter out, boolean colours) {
    this.out = out;
    this.colours = colours;
  }

  void print(FlowView view) {
    for (Pass pass : view.passes()) {
      boolean first = pass == view.passes().get(0);
      out.println(pass.source() + (first ? ", decoded" : ": changes " + pass.changes() + " of " + pass.tokens().length + " tokens"));
      lines(pass);
      out.println();
    }
    out.flush();
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

  /** One column a character: line ends and other controls would break the lines. */
  private static String visible(String piece) {
    return piece.replace('\n', '\u21b5').replaceAll("\\p{Cntrl}", "\u00b7");
  }
}
