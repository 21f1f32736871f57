package org.tarflowlm.cli;

import java.util.List;
import org.tarflowlm.eval.FlowAccount;
import org.tarflowlm.generate.FlowView.Pass;

/**
 * A self-contained page: one column per pass, from noise to text, with changed tokens marked. The token under the pointer is marked in
 * all columns. Text is escaped, and the page loads nothing.
 */
final class FlowHtml {
  private static final String STYLE = """
      :root { --changed: #ffd75e; } @media (prefers-color-scheme: dark) { :root { --changed: #7a5c00; } }
      body { max-width: none; } h2 { font-size: 1rem; margin: 0; } p { margin: .3rem 0; }
      .passes { display: flex; gap: 1rem; align-items: stretch; overflow-x: auto; margin: 1rem 0 2rem; }
      .pass { flex: 1 1 0; min-width: 16rem; border: 1px solid var(--line); border-radius: 6px; padding: .8rem; }
      .text { font-size: 14px; line-height: 1.6; margin: .6rem 0; }
      .text i { font-style: normal; color: var(--soft); } .text b { font-weight: normal; background: var(--changed); }
      .text .at { outline: 2px solid #d33; }
      table { border-collapse: collapse; font-size: 13px; } td { padding: 0 .8rem 0 0; } td + td { text-align: right; }
      """;
  private static final String LEGEND = """
      <p class="soft">From noise to text: every column is the text after one more flow. Marked: what differs from the column before.
      Grey: what was held fixed.</p>
      """;
  private static final String TAIL = """
      <script>
      document.querySelectorAll('.passes').forEach(function (passes) {
        function mark(event, on) {
          var token = event.target.dataset && event.target.dataset.t;
          if (token === undefined) { return; }
          passes.querySelectorAll('[data-t="' + token + '"]').forEach(function (each) { each.classList.toggle('at', on); });
        }
        passes.addEventListener('mouseover', function (event) { mark(event, true); });
        passes.addEventListener('mouseout', function (event) { mark(event, false); });
      });
      </script></body></html>
      """;

  private FlowHtml() {}

  /** @param account whose bits are shown with the passes, or null */
  static String page(String title, List<FlowReport> reports, FlowAccount account) {
    StringBuilder page = new StringBuilder(Html.head(title, STYLE)).append(LEGEND);
    for (FlowReport report : reports) {
      page.append("<div class=\"passes\">\n");
      for (int i = 0; i < report.metrics().size(); i++) {
        pass(report, i, account, page);
      }
      page.append("</div>\n");
    }
    return page.append(TAIL).toString();
  }

  private static void pass(FlowReport report, int i, FlowAccount account, StringBuilder page) {
    Pass pass = report.view().passes().get(i);
    page.append("<section class=\"pass\"><h2>").append(Html.escape(pass.source())).append("</h2>\n<p class=\"soft\">");
    page.append(i == 0 ? "decoded" : "changes " + pass.changes() + " of " + pass.tokens().length + " tokens");
    page.append("</p>\n<div class=\"text\">");
    fixed(report.before(), page);
    for (int t = 0; t < pass.pieces().size(); t++) {
      String tag = pass.changed()[t] ? "b" : "span";
      page.append('<').append(tag).append(" data-t=\"").append(t).append("\">").append(Html.escape(pass.pieces().get(t)))
          .append("</").append(tag).append('>');
    }
    fixed(report.after(), page);
    page.append("</div>\n<table>");
    FlowReport.Metrics metrics = report.metrics().get(i);
    row("mean L2 norm", metrics.l2Norm(), page);
    row("mean cosine similarity", metrics.cosine(), page);
    row("participation ratio", metrics.participationRatio(), page);
    row("centroid movement", metrics.centroidMovement(), page);
    if (account != null) {
      row("bits per token if the stack ended here", account.levels().get(pass.level()).bits(), page);
    }
    page.append("</table></section>\n");
  }

  private static void fixed(String text, StringBuilder page) {
    if (!text.isEmpty()) {
      page.append("<i>").append(Html.escape(text)).append("</i>");
    }
  }

  private static void row(String name, Double value, StringBuilder page) {
    page.append("<tr><td>").append(name).append("</td><td>").append(value == null ? "" : String.format("%.3f", value)).append("</td></tr>");
  }
}
