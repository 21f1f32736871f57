package org.tarflowlm.data;

import java.util.List;
import java.util.ServiceConfigurationError;
import java.util.ServiceLoader;
import org.nd4j.common.config.ND4JClassLoading;
import org.nd4j.linalg.factory.Nd4jBackend;

/**
 * Makes ND4J find the backend that the application put on its class path, from any thread.
 *
 * <p>ND4J looks for its backend with the context class loader of the thread that first uses it. In a thread of the common pool, in a fat
 * jar or under Jupyter, that loader may not see the jars. {@link #ensure} then gives ND4J the loader of this class.
 */
public final class Backend {
  private static final String ADVICE = "no ND4J backend is on the class path; add the dependency org.nd4j:nd4j-native:1.0.0-M2.1 for "
      + "the CPU, or org.nd4j:nd4j-cuda-11.6:1.0.0-M2.1";
  private static final List<String> BACKENDS =
      List.of("org.nd4j.linalg.jcublas.JCublasBackend", "org.nd4j.linalg.cpu.nativecpu.CpuBackend");
  private static volatile boolean found;

  private Backend() {}

  /**
   * Call this before the first use of ND4J.
   *
   * @throws IllegalStateException if there is no backend; the message names the dependency to add
   */
  public static void ensure() {
    if (!found) {
      useLoaderThatSees();
      found = true;
    }
  }

  private static void useLoaderThatSees() {
    ClassLoader own = Backend.class.getClassLoader();
    if (!hasBackend(ND4JClassLoading.getNd4jClassloader())) {
      if (!hasBackend(own)) {
        throw new IllegalStateException(ADVICE);
      }
      ND4JClassLoading.setNd4jClassloader(own);
    }
  }

  /** Whether ND4J finds a backend when it looks for services with that loader. */
  private static boolean hasBackend(ClassLoader loader) {
    if (!sees(loader, Nd4jBackend.class)) {
      return false;
    }
    try {
      // tarflowlm's own service is not a backend, but it finds one by class name. A flat jar may have kept its service file alone.
      List<String> services = ServiceLoader.load(Nd4jBackend.class, loader).stream().map(each -> each.type().getName()).toList();
      return services.stream().anyMatch(each -> !each.startsWith("org.tarflowlm.") || BACKENDS.stream().anyMatch(Backend::isPresent));
    } catch (ServiceConfigurationError e) {
      return false;
    }
  }

  private static boolean isPresent(String name) {
    try {
      Class.forName(name, false, Backend.class.getClassLoader());
      return true;
    } catch (ClassNotFoundException | LinkageError e) {
      return false;
    }
  }

  /** Whether a class loader, which may be null, loads this very class. */
  public static boolean sees(ClassLoader loader, Class<?> type) {
    try {
      return loader != null && loader.loadClass(type.getName()) == type;
    } catch (ClassNotFoundException | LinkageError e) {
      return false;
    }
  }
}
