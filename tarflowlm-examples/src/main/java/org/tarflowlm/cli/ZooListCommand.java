package org.tarflowlm.cli;

import java.io.PrintWriter;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import org.tarflowlm.checkpoint.Measurement;
import org.tarflowlm.zoo.TarFlowZoo;
import org.tarflowlm.zoo.ZooEntry;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;

/** Lists the packaged models. */
@Command(name = "list", mixinStandardHelpOptions = true, description = "List the packaged models with their likelihoods.")
final class ZooListCommand implements Runnable {
  @Option(names = "--json", description = "Print one JSON object: checkpoints.")
  private boolean json;

  @Spec
  private CommandSpec spec;

  @Override
  public void run() {
    PrintWriter out = spec.commandLine().getOut();
    List<ZooEntry> entries = TarFlowZoo.list();
    if (json) {
      out.println(Json.of(Map.of("checkpoints", entries.stream().map(ZooListCommand::json).toList())));
    } else if (entries.isEmpty()) {
      out.println("the zoo is empty: the artifact zoo-weights is not on the class path, or holds no checkpoint");
    } else {
      entries.forEach(each -> out.println(text(each)));
    }
  }

  private static Map<String, Object> json(ZooEntry entry) {
    Map<String, Object> result = new LinkedHashMap<>();
    result.put("id", entry.id());
    result.put("version", entry.version());
    result.put("format", entry.format());
    result.put("variant", entry.variant());
    result.put("description", entry.description());
    result.put("parameters", entry.parameters());
    result.put("bytes", entry.bytes());
    result.put("sha256", entry.sha256());
    result.put("license", entry.license());
    result.put("corpus", entry.corpus());
    result.put("measured", entry.measured());
    return result;
  }

  private static String text(ZooEntry entry) {
    String measured = entry.measured() == null ? "not measured" : text(entry.measured());
    return String.format(Locale.ROOT, """
        %s  (version %s)
          %s
          %s
          %,d parameters, %.1f MB, SHA-256 %s
          trained on %s, licence %s
        """, entry.id(), entry.version(), entry.description(), measured, entry.parameters(), entry.bytes() / 1e6, entry.sha256(),
        entry.corpus(), entry.license());
  }

  private static String text(Measurement measured) {
    return String.format(Locale.ROOT, "%.4f bits per character (%s)%s on %s", measured.bitsPerCharacter(), measured.bound(),
        measured.standardError() == null ? "" : String.format(Locale.ROOT, ", standard error %.4f,", measured.standardError()),
        measured.data());
  }
}
