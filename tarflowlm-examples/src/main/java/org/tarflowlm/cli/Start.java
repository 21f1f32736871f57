package org.tarflowlm.cli;

import java.util.concurrent.atomic.AtomicBoolean;

/**
 * Where the process begins. It needs no class but Java's own, so that whatever keeps the others from loading is one line on standard
 * error and exit code 1, not a stack trace.
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

  /** A user without an entry in the system's list has "?" for a home in Java; libraries would make a folder of that name. */
  private static void findHome() {
    String home = System.getenv("HOME");
    String known = System.getProperty("user.home", "?");
    if ((known.isBlank() || known.equals("?")) && home != null && !home.isBlank()) {
      System.setProperty("user.home", home);
    }
  }

  /** Reports the first failure, whichever thread met it; failures that follow from it are not reported. */
  private static void end(Throwable failure) {
    if (!TOLD.getAndSet(true)) {
      System.err.println("tarflowlm: " + line(failure));
      if ("debug".equals(System.getProperty("tarflowlm.log"))) {
        failure.printStackTrace();
      }
      Runtime.getRuntime().halt(1);
    }
  }

  /** A failure that no command expected, in one line. */
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
