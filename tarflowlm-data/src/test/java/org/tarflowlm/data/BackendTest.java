package org.tarflowlm.data;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotSame;
import static org.junit.jupiter.api.Assertions.assertSame;
import static org.junit.jupiter.api.Assertions.assertThrows;

import java.io.File;
import java.lang.reflect.InvocationTargetException;
import java.net.URL;
import java.net.URLClassLoader;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.function.Predicate;
import org.junit.jupiter.api.Test;
import org.nd4j.common.config.ND4JClassLoading;

/** Each test gives the jars class loaders of their own, as a fat jar does. No native code is loaded. */
class BackendTest {
  private static final ClassLoader BLIND = ClassLoader.getPlatformClassLoader();

  /** A loader for the jars of this test's class path; the system's loader does not know it. */
  private static URLClassLoader jars(Predicate<String> which) {
    URL[] urls = Arrays.stream(System.getProperty("java.class.path").split(File.pathSeparator)).filter(which).map(BackendTest::url)
        .toArray(URL[]::new);
    return new URLClassLoader(urls, BLIND);
  }

  private static URL url(String path) {
    try {
      return Path.of(path).toUri().toURL();
    } catch (java.net.MalformedURLException e) {
      throw new AssertionError(e);
    }
  }

  /** Calls {@link Backend#ensure()} on a loader's own copy of the class, under a context class loader. Returns ND4J's loader. */
  private static ClassLoader ensured(ClassLoader loader, ClassLoader context) throws Throwable {
    Thread thread = Thread.currentThread();
    ClassLoader before = thread.getContextClassLoader();
    thread.setContextClassLoader(context);
    try {
      loader.loadClass(Backend.class.getName()).getMethod("ensure").invoke(null);
      return (ClassLoader) loader.loadClass(ND4JClassLoading.class.getName()).getMethod("getNd4jClassloader").invoke(null);
    } catch (InvocationTargetException e) {
      throw e.getCause();
    } finally {
      thread.setContextClassLoader(before);
    }
  }

  @Test
  void threadsThatDoNotSeeTheJarsFindTheBackend() throws Throwable {
    try (URLClassLoader jars = jars(path -> true)) {
      assertSame(jars, ensured(jars, BLIND));
    }
    try (URLClassLoader jars = jars(path -> true)) {
      assertSame(jars, ensured(jars, null));
    }
  }

  @Test
  void loadersThatSeeTheBackendStay() throws Throwable {
    try (URLClassLoader jars = jars(path -> true); URLClassLoader child = new URLClassLoader(new URL[0], jars)) {
      assertSame(child, ensured(jars, child));
      assertNotSame(jars, ensured(jars, child));
    }
  }

  @Test
  void withoutABackendTheDependencyIsNamed() throws Throwable {
    try (URLClassLoader jars = jars(path -> !path.contains("nd4j-native"))) {
      IllegalStateException e = assertThrows(IllegalStateException.class, () -> ensured(jars, jars));
      assertEquals("no ND4J backend is on the class path; add the dependency org.nd4j:nd4j-native:1.0.0-M2.1 for the CPU, or "
          + "org.nd4j:nd4j-cuda-11.6:1.0.0-M2.1", e.getMessage());
    }
  }
}
