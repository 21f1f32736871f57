package org.tarflowlm.cli;

import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import org.tarflowlm.data.file.AtomicFile;
import picocli.CommandLine.Option;

/** Options for files that show the flows. */
final class FlowOutputs {
  @Option(names = "--html", paramLabel = "FILE", description = "Write an HTML page with the passes side by side.")
  private Path html;

  @Option(names = "--plot", paramLabel = "FILE", description = "Write a PNG picture of the latents' metrics after each pass.")
  private Path plot;

  @Option(names = "--svg", paramLabel = "FILE", description = "Draw the passes of the first text, edits coloured.")
  private Path svg;

  boolean any() {
    return html != null || plot != null || svg != null;
  }

  /** @param title what the page is about */
  void write(String title, List<FlowReport> reports) throws IOException {
    if (html != null) {
      AtomicFile.write(html, FlowHtml.page(title, reports, null));
    }
    if (plot != null) {
      byte[] picture = FlowCharts.png(reports);
      AtomicFile.write(plot, out -> out.write(picture));
    }
    if (svg != null) {
      AtomicFile.write(svg, FlowSvg.of(title, reports.get(0).view()));
    }
  }
}
