package org.tarflowlm.backend;

import java.util.List;
import org.nd4j.common.io.Resource;
import org.nd4j.linalg.factory.Environment;
import org.nd4j.linalg.factory.Nd4jBackend;
import org.tarflowlm.kernel.NativeSetup;

/**
 * Runs {@link NativeSetup} before ND4J loads a backend.
 *
 * <p>ND4J looks its backends up as Java services. It creates an instance of each before it loads the native code of the one with the
 * highest priority. So the constructor of this class runs in time, whichever class of ND4J the user's program touches first. This
 * backend has the lowest priority, so ND4J does not use it if it finds a real one.
 *
 * <p>A fat jar built without merging service files may list only this backend. It then finds the real one by class name and passes calls
 * on to it.
 */
public final class BackendHook extends Nd4jBackend {
  private static final int LAST = -1_000_000;
  /** Highest ND4J priority first. */
  private static final List<String> BACKENDS =
      List.of("org.nd4j.linalg.jcublas.JCublasBackend", "org.nd4j.linalg.cpu.nativecpu.CpuBackend");

  private Nd4jBackend real;

  public BackendHook() {
    NativeSetup.ensure();
  }

  /**
   * The real backend behind a hook; any other backend is returned as it is.
   *
   * @throws UnsupportedOperationException if the hook has found no backend
   */
  public static Nd4jBackend actual(Nd4jBackend backend) {
    return backend instanceof BackendHook hook ? hook.real() : backend;
  }

  @Override
  public int getPriority() {
    return LAST;
  }

  @Override
  public boolean isAvailable() {
    for (String name : BACKENDS) {
      try {
        Nd4jBackend candidate = (Nd4jBackend) Class.forName(name).getDeclaredConstructor().newInstance();
        if (candidate.isAvailable()) {
          real = candidate;
          return true;
        }
      } catch (ReflectiveOperationException e) {
        // not on the class path
      }
    }
    return false;
  }

  private Nd4jBackend real() {
    if (real == null) {
      throw new UnsupportedOperationException("no ND4J backend; add nd4j-native or nd4j-cuda to the class path");
    }
    return real;
  }

  @Override
  public boolean canRun() {
    return real != null && real.canRun();
  }

  @Override
  public boolean allowsOrder() {
    return real().allowsOrder();
  }

  @Override
  public Resource getConfigurationResource() {
    return real().getConfigurationResource();
  }

  @Override
  public Class<?> getNDArrayClass() {
    return real().getNDArrayClass();
  }

  @Override
  public Environment getEnvironment() {
    return real().getEnvironment();
  }

  @Override
  public String buildInfo() {
    return real().buildInfo();
  }

  @Override
  public void logBackendInit() {
    real().logBackendInit();
  }
}
