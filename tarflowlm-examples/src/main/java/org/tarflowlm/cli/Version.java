package org.tarflowlm.cli;

import java.io.IOException;
import java.io.InputStream;
import java.util.Properties;
import org.nd4j.linalg.factory.Nd4j;
import picocli.CommandLine.IVersionProvider;

/** What {@code --version} prints: the versions that the build wrote down, and what this process runs on. */
final class Version implements IVersionProvider {
  private static final String RESOURCE = "version.properties";

  @Override
  public String[] getVersion() throws IOException {
    Properties build = new Properties();
    try (InputStream in = Version.class.getResourceAsStream(RESOURCE)) {
      build.load(in);
    }
    return new String[] {
        "TarFlowLM " + build.getProperty("version"),
        "Deeplearning4j " + build.getProperty("dl4j") + ", backend " + Nd4j.getBackend().getClass().getSimpleName(),
        "Java " + System.getProperty("java.version") + ", " + System.getProperty("os.name") + " " + System.getProperty("os.arch")};
  }
}
