package org.tarflowlm.cli;

import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.util.Properties;
import org.nd4j.linalg.factory.Nd4j;
import org.tarflowlm.backend.BackendHook;
import picocli.CommandLine.IVersionProvider;

/** Output of {@code --version}: the versions recorded at build time, and the environment of this process. */
final class Version implements IVersionProvider {
  private static final String RESOURCE = "version.properties";

  /** Backends that a build can use; the values of TARFLOWLM_BACKEND. */
  enum Backend { cpu, avx2, avx512, cuda }

  static Backend backend() {
    return Backend.valueOf(build().getProperty("backend"));
  }

  private static Properties build() {
    Properties build = new Properties();
    try (InputStream in = Version.class.getResourceAsStream(RESOURCE)) {
      build.load(in);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
    return build;
  }

  @Override
  public String[] getVersion() {
    Properties build = build();
    return new String[] {
        "TarFlowLM " + build.getProperty("version"),
        "Deeplearning4j " + build.getProperty("dl4j") + ", built for " + backend() + ", backend "
            + BackendHook.actual(Nd4j.getBackend()).getClass().getSimpleName(),
        "Java " + System.getProperty("java.version") + ", " + System.getProperty("os.name") + " " + System.getProperty("os.arch")};
  }
}
