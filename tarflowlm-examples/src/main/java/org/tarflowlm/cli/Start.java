package org.tarflowlm.cli;

import java.util.concurrent.atomic.AtomicBoolean;

/**
 * Starts the process. This class needs only Java's own classes. If other classes cannot be loaded, it can so report one line on standard
 * error and exit with code 1, without a stack trace.
 */
public final class Start {
  private static final int MOST_CAUSES = 32;
  private static final AtomicBoolean TOLD = new AtomicBoolean();

  private Start() {}

  public static void main(String[] arguments) {
    Thread.setDefaultUncaughtExceptionHandler((thread, failure) -> end(failure));
    try {
      findHome();
      Main.main(arguments);
    } catch (Throwable e) {
      end(e);
    }
  }

  /** If the system does not list the user, Java's home folder is "?", and libraries would create a folder of that name. */
  private static void findHome() {
    String home = System.getenv("HOME");
    String known = System.getProperty("user.home", "?");
    if ((known.isBlank() || known.equals("?")) && home != null && !home.isBlank()) {
      System.setProperty("user.home", home);
    }
  }

  /** Reports the first failure, on whichever thread it occurs, and ignores failures that follow from it. */
  private static void end(Throwable failure) {
    if (!TOLD.getAndSet(true)) {
      System.err.println("tarflowlm: " + line(failure));
      if ("debug".equals(System.getProperty("tarflowlm.log"))) {
        failure.printStackTrace();
      }
      Runtime.getRuntime().halt(1);
    }
  }

  /** Describes a failure that no command expected, in one line. */
  static String line(Throwable failure) {
    Throwable root = failure;
    for (int i = 0; i < MOST_CAUSES && root.getCause() != null && !(root instanceof OutOfMemoryError); i++) {
      root = root.getCause();
    }
    String message = root.getMessage() == null ? "" : root.getMessage().strip().replaceAll("\\s*\\R\\s*", " ");
    if (root instanceof OutOfMemoryError) {
      return "out of memory (" + message + "); TARFLOWLM_JAVA_OPTS=-Xmx8g gives Java more";
    } else if (root instanceof StackOverflowError) {
      return "too deep for the stack; TARFLOWLM_JAVA_OPTS=-Xss8m gives Java more";
    } else if (root.getClass() == IllegalArgumentException.class || root.getClass() == IllegalStateException.class) {
      return message;
    } else if (failure instanceof LinkageError || root instanceof LinkageError || root instanceof ClassNotFoundException) {
      return "a library cannot be loaded: " + (message.isEmpty() ? root.toString() : message)
          + "; it needs home and temporary folders with space that allow programs to run, and 256 open files (ulimit -n)";
    }
    return "unexpected " + root + "; TARFLOWLM_JAVA_OPTS=-Dtarflowlm.log=debug shows where";
  }
}
