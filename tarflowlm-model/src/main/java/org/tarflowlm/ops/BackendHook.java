package org.tarflowlm.ops;

import org.nd4j.common.io.Resource;
import org.nd4j.linalg.factory.Environment;
import org.nd4j.linalg.factory.Nd4jBackend;
import org.tarflowlm.kernel.NativeSetup;

/**
 * Not a backend: a way to be called before ND4J loads one.
 *
 * <p>ND4J looks its backends up as Java services and makes an instance of each before it loads the native code of the one with the
 * highest priority. Making this one runs {@link NativeSetup} in time, whichever class of ND4J the user's program touches first.
 * Its priority is the lowest, so it is never asked anything where there is a real backend, and it is never available.
 */
public final class BackendHook extends Nd4jBackend {
  private static final int LAST = -1_000_000;

  public BackendHook() {
    NativeSetup.ensure();
  }

  @Override
  public int getPriority() {
    return LAST;
  }

  @Override
  public boolean isAvailable() {
    return false;
  }

  @Override
  public boolean canRun() {
    return false;
  }

  @Override
  public boolean allowsOrder() {
    throw notABackend();
  }

  @Override
  public Resource getConfigurationResource() {
    throw notABackend();
  }

  @Override
  public Class<?> getNDArrayClass() {
    throw notABackend();
  }

  @Override
  public Environment getEnvironment() {
    throw notABackend();
  }

  @Override
  public String buildInfo() {
    throw notABackend();
  }

  @Override
  public void logBackendInit() {
    throw notABackend();
  }

  private static UnsupportedOperationException notABackend() {
    return new UnsupportedOperationException("not an ND4J backend; add nd4j-native or nd4j-cuda to the class path");
  }
}
