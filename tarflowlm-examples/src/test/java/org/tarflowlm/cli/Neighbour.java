package org.tarflowlm.cli;

import java.io.File;
import java.io.IOException;
import java.net.URL;
import java.net.URLClassLoader;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collections;
import java.util.Enumeration;
import java.util.List;

/** A program that uses the library from a flat jar, in a thread of somebody else's; see {@link NeighbourTest}. */
final class Neighbour {
  private Neighbour() {}

  /** Shows only the first of several service files of one name, as a jar does that was made without merging them. */
  private static final class FlatJar extends URLClassLoader {
    FlatJar(URL[] jars) {
      super(jars, ClassLoader.getPlatformClassLoader());
    }

    @Override
    public Enumeration<URL> findResources(String name) throws IOException {
      Enumeration<URL> all = super.findResources(name);
      return name.startsWith("META-INF/services/") && all.hasMoreElements() ? Collections.enumeration(List.of(all.nextElement())) : all;
    }
  }

  /** Its arguments: the library's class path, and where to save a model. */
  public static void main(String[] arguments) throws Exception {
    List<URL> jars = new ArrayList<>();
    for (String entry : arguments[0].split(File.pathSeparator)) {
      jars.add(Path.of(entry).toUri().toURL());
    }
    ClassLoader application = new FlatJar(jars.toArray(new URL[0]));
    Throwable[] failure = new Throwable[1];
    Thread worker = new Thread(() -> {
      try {
        Class<?> type = application.loadClass("org.tarflowlm.TarFlowLM");
        Object model = type.getMethod("pretrained", String.class).invoke(null, "text8-ar");
        Object score = type.getMethod("score", String.class).invoke(model, "call me ishmael some years ago");
        System.out.println("bits " + score.getClass().getMethod("bitsPerCharacter").invoke(score));
        System.out.println(type.getMethod("generate", String.class).invoke(model, "call me").getClass().getSimpleName());
        type.getMethod("save", Path.class).invoke(model, Path.of(arguments[1]));
      } catch (ReflectiveOperationException e) {
        failure[0] = e;
      }
    });
    worker.setContextClassLoader(ClassLoader.getSystemClassLoader());
    worker.start();
    worker.join();
    if (failure[0] != null) {
      throw new IllegalStateException(failure[0]);
    }
  }
}
