package org.tarflowlm.cli;

import java.util.List;
import java.util.Map;
import org.tarflowlm.checkpoint.Measurement;
import org.tarflowlm.command.BaseCommand;
import org.tarflowlm.command.Json;
import org.tarflowlm.zoo.TarFlowZoo;
import org.tarflowlm.zoo.ZooEntry;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;

/** Lists the packaged models. */
@Command(name = "zoo", mixinStandardHelpOptions = true, description = "Work with the packaged models.",
    subcommands = PackageCommand.class)
final class ZooCommand extends BaseCommand {
  @Command(name = "list", mixinStandardHelpOptions = true, description = "List the packaged models with their likelihoods.")
  void list(@Option(names = "--json", description = "Print one JSON object: checkpoints.") boolean json) {
    List<ZooEntry> entries = TarFlowZoo.list();
    if (json) {
      out().println(Json.of(Map.of("checkpoints", entries.stream().map(ZooCommand::json).toList())));
    } else if (entries.isEmpty()) {
      out().println("the zoo is empty: the artifact zoo-weights is not on the class path, or holds no checkpoint");
    } else {
      entries.forEach(each -> out().println(text(each)));
    }
  }

  private static Map<String, Object> json(ZooEntry entry) {
    return Json.object("id", entry.id(), "version", entry.version(), "format", entry.format(),
        "variant", entry.variant(), "description", entry.description(), "parameters", entry.parameters(), "bytes", entry.bytes(),
        "sha256", entry.sha256(), "license", entry.license(), "corpus", entry.corpus(), "measured", entry.measured());
  }

  private static String text(ZooEntry entry) {
    String measured = entry.measured() == null ? "not measured" : text(entry.measured());
    return String.format("""
        %s  (version %s)
          %s
          %s
          %,d parameters, %.1f MB, SHA-256 %s
          trained on %s, licence %s
        """, entry.id(), entry.version(), entry.description(), measured, entry.parameters(), entry.bytes() / 1e6, entry.sha256(),
        entry.corpus(), entry.license());
  }

  private static String text(Measurement measured) {
    return String.format("%.4f bits per character (%s)%s on %s", measured.bitsPerCharacter(), measured.bound(),
        measured.standardError() == null ? "" : String.format(", standard error %.4f,", measured.standardError()),
        measured.data());
  }
}
