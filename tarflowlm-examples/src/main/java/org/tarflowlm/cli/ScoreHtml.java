package org.tarflowlm.cli;

import java.util.List;
import org.tarflowlm.Score;

/** A self-contained page that shows the surprise of each token as colour; the number of bits appears under the pointer. */
final class ScoreHtml {
  /** Most characters that a browser displays well. */
  static final int MOST = 200_000;
  private static final int SHADES = 10;
  /** The last shade starts well above 4.75 bits, the surprise of a uniform choice among 27 letters. */
  private static final double BITS_PER_SHADE = 1.0;

  private ScoreHtml() {}

  static String page(Score score, String source) {
    StringBuilder page = new StringBuilder(Html.head("Surprise of " + source, style()));
    page.append(String.format("<p class=\"soft\">%s: %.4f bits per character (%s), %,d characters</p>%n<p>",
        Html.escape(score.model()), score.bitsPerCharacter(), score.bound(), score.characters()));
    for (int shade = 0; shade < SHADES; shade++) {
      page.append("<b class=\"s").append(shade).append("\">&nbsp;").append(shade).append(shade == SHADES - 1 ? "+" : "")
          .append("&nbsp;</b>");
    }
    page.append(" bits</p>\n<div class=\"text\">");
    for (Score.Piece piece : pieces(score)) {
      page.append("<b class=\"s").append(shade(piece.bits())).append("\" title=\"")
          .append(String.format("%.2f", piece.bits())).append("\">").append(Html.escape(piece.text())).append("</b>");
    }
    return page.append("</div></body></html>\n").toString();
  }

  /** The tokens, or characters where a token is only part of a character. */
  private static List<Score.Piece> pieces(Score score) {
    boolean cut = score.perToken().stream().anyMatch(piece -> piece.text().indexOf('\ufffd') >= 0);
    return cut ? score.perCharacter() : score.perToken();
  }

  private static int shade(double bits) {
    return (int) Math.max(0, Math.min(SHADES - 1, Math.floor(bits / BITS_PER_SHADE)));
  }

  private static String style() {
    StringBuilder style = new StringBuilder("b { font-weight: inherit; border-radius: 2px; }");
    for (int shade = 1; shade < SHADES; shade++) {
      style.append(String.format(" .s%d { background: rgba(220, %d, 40, %.2f); }", shade, 150 - 14 * shade, 0.08 * shade));
    }
    return style.toString();
  }
}
