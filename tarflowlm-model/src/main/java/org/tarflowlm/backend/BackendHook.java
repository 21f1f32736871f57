package org.tarflowlm.backend;

import java.util.List;
import org.nd4j.common.io.Resource;
import org.nd4j.linalg.factory.Environment;
import org.nd4j.linalg.factory.Nd4jBackend;
import org.tarflowlm.kernel.NativeSetup;

/**
 * A way to be called before ND4J loads a backend.
 *
 * <p>ND4J looks its backends up as Java services and makes an instance of each before it loads the native code of the one with the
 * highest priority. Making this one runs {@link NativeSetup} in time, whichever class of ND4J the user's program touches first.
 * Its priority is the lowest, so it is never asked anything where a real backend was found.
 *
 * <p>A flat jar that was made without merging service files may hold this one's alone. Then it is asked, and stands for the real backend
 * that it finds by name.
 */
public final class BackendHook extends Nd4jBackend {
  private static final int LAST = -1_000_000;
  /** In the order of ND4J's priorities. */
  private static final List<String> BACKENDS =
      List.of("org.nd4j.linalg.jcublas.JCublasBackend", "org.nd4j.linalg.cpu.nativecpu.CpuBackend");

  private Nd4jBackend real;

  public BackendHook() {
    NativeSetup.ensure();
  }

  /** The running backend: the one given, or the one that a hook stands for. */
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
