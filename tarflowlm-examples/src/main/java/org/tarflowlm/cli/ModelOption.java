package org.tarflowlm.cli;

import org.tarflowlm.zoo.TarFlowLM;
import org.tarflowlm.zoo.TarFlowPretrained;
import picocli.CommandLine.Option;

/** Which model. */
final class ModelOption {
  @Option(names = "--model", paramLabel = "ID-or-FOLDER",
      description = "A checkpoint of the zoo (see tarflowlm zoo list) or a checkpoint's folder; default: the zoo's flagship, text8-mixd.")
  private String model;

  TarFlowLM load() {
    return TarFlowLM.resolve(model == null ? TarFlowPretrained.TEXT8_MIX_D.id() : model);
  }
}
