package org.tarflowlm.cli;

import java.io.PrintWriter;
import org.tarflowlm.TarFlowLM;
import org.tarflowlm.data.file.CacheFolder;
import org.tarflowlm.data.file.Progress;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;

/** The option that selects a model. */
final class ModelOption {
  private static final double MEGA = 1e6;

  @Option(names = "--model", paramLabel = "MODEL",
      description = "A checkpoint of the zoo (see tarflowlm zoo list), a checkpoint's folder or .zip, or https://.../NAME.zip#sha256=HASH, "
          + "which is fetched once; default: text8-mixd.")
  private String model;

  @Spec(Spec.Target.MIXEE)
  private CommandSpec spec;

  TarFlowLM load() {
    return load(TarFlowLM.DEFAULT);
  }

  /** For a command that has its own default model. */
  TarFlowLM load(String fallback) {
    return TarFlowLM.resolve(model == null ? fallback : model, CacheFolder.fromEnvironment(), fetching(spec.commandLine().getErr()));
  }

  /** Prints download progress on one line of standard error. */
  static Progress fetching(PrintWriter err) {
    return (what, done, total) ->
        err.printf("\r%s: %.1f of %.1f MB%s", what, done / MEGA, total / MEGA, done == total ? "\n" : "");
  }
}
