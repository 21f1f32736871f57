package org.tarflowlm.cli;

import java.util.List;
import org.tarflowlm.generate.FlowView;
import org.tarflowlm.generate.FlowView.Pass;

/** A picture of the passes, from noise to text: one below the other, with changed tokens marked. It suits light and dark pages. */
final class FlowSvg {
  private static final int COLUMNS = 72;
  private static final double CHARACTER = 8.4;
  private static final int LINE = 19;
  private static final int MARGIN = 14;
  private static final String HEAD = """
      <svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 %1$d %2$d" width="%1$d" height="%2$d" role="img" aria-label="%3$s">
      <style>
      text { font: 14px ui-monospace, Menlo, Consolas, monospace; fill: #24292f; white-space: pre; }
      .name { font-family: system-ui, sans-serif; font-size: 12px; fill: #57606a; }
      .paper { fill: #ffffff; } .changed { fill: #ffd75e; }
      @media (prefers-color-scheme: dark) {
        text { fill: #e6edf3; } .name { fill: #9198a1; } .paper { fill: #0d1117; } .changed { fill: #7a5c00; }
      }
      </style>
      <rect class="paper" width="100%%" height="100%%"/>
      """;

  private FlowSvg() {}

  static String of(String title, FlowView view) {
    StringBuilder body = new StringBuilder();
    int y = MARGIN;
    for (Pass pass : view.passes()) {
      y = pass(pass, y, body);
    }
    int width = (int) Math.ceil(2 * MARGIN + COLUMNS * CHARACTER);
    return String.format(HEAD, width, y, Html.escape(title)) + body + "</svg>\n";
  }

  /** Draws a pass and returns the height at which the next one begins. */
  private static int pass(Pass pass, int top, StringBuilder body) {
    boolean first = pass.changes() == 0 && pass.source().equals("noise");
    String name = first ? "noise, decoded"
        : pass.source() + " changes " + pass.changes() + " of " + pass.tokens().length + " tokens";
    int y = top + 12;
    body.append(text("name", MARGIN, y, name));
    StringBuilder line = new StringBuilder();
    StringBuilder marks = new StringBuilder();
    List<String> pieces = pass.pieces();
    int column = 0;
    y += LINE;
    for (int t = 0; t < pieces.size(); t++) {
      String piece = pieces.get(t).replaceAll("\\p{Cntrl}", "\u00b7");
      int length = piece.codePointCount(0, piece.length());
      if (column + length > COLUMNS) {
        body.append(marks).append(text(null, MARGIN, y, line.toString()));
        line.setLength(0);
        marks.setLength(0);
        column = 0;
        y += LINE;
      }
      if (pass.changed()[t]) {
        marks.append(String.format("<rect class=\"changed\" x=\"%.1f\" y=\"%d\" width=\"%.1f\" height=\"%d\"/>%n",
            MARGIN + column * CHARACTER, y - LINE + 5, length * CHARACTER, LINE - 1));
      }
      line.append(piece);
      column += length;
    }
    body.append(marks).append(text(null, MARGIN, y, line.toString()));
    return y + MARGIN;
  }

  private static String text(String style, int x, int y, String content) {
    String length = style == null
        ? String.format(" textLength=\"%.1f\" xml:space=\"preserve\"", content.codePointCount(0, content.length()) * CHARACTER)
        : " class=\"" + style + "\"";
    return "<text x=\"" + x + "\" y=\"" + y + "\"" + length + ">" + Html.escape(content) + "</text>\n";
  }
}
