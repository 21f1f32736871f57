package org.tarflowlm.cli;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.FileSystemException;
import java.nio.file.NoSuchFileException;
import org.apache.logging.log4j.LogManager;
import org.apache.logging.log4j.Logger;
import org.tarflowlm.checkpoint.CheckpointException;
import org.tarflowlm.data.DataException;
import org.tarflowlm.data.file.IoErrors;
import org.tarflowlm.json.ConfigException;
import picocli.CommandLine;
import picocli.CommandLine.ParameterException;

/** Reports failures as one line on standard error. */
final class Failures {
  static final int FAILURE = 1;
  static final int WRONG_USE = 2;
  private static final int LONGEST = 1_000;
  private static final Logger LOG = LogManager.getLogger(Failures.class);

  private Failures() {}

  /** Reports a command that failed; the stack trace goes to the log at level debug. */
  static int reportFailure(Exception failure, CommandLine command) {
    LOG.debug("failed", failure);
    command.getErr().println("tarflowlm: " + oneLine(message(failure)));
    return FAILURE;
  }

  /** Reports invalid arguments. */
  static int reportUsage(ParameterException failure) {
    CommandLine command = failure.getCommandLine();
    String name = command.getCommandSpec().qualifiedName();
    command.getErr().println(name + ": " + oneLine(failure.getMessage()) + " (see " + name + " --help)");
    return WRONG_USE;
  }

  static String message(Throwable failure) {
    if (failure instanceof UncheckedIOException unchecked) {
      return message(unchecked.getCause());
    } else if (failure instanceof NoSuchFileException missing) {
      return "no such file: " + missing.getFile();
    } else if (failure instanceof FileAlreadyExistsException existing) {
      return existing.getFile() + " exists; expected a new file or folder";
    } else if (failure instanceof FileSystemException file) {
      return file.getFile() + ": " + IoErrors.reason(file);
    } else if (failure instanceof IOException io) {
      return oneLine(IoErrors.reason(io));
    } else if (isOurs(failure) && failure.getMessage() != null) {
      return oneLine(failure.getMessage());
    }
    return oneLine(Start.line(failure));
  }

  /** Whether the message is written for the user. */
  private static boolean isOurs(Throwable failure) {
    return failure instanceof ConfigException || failure instanceof DataException || failure instanceof CheckpointException
        || failure.getClass() == IllegalArgumentException.class || failure.getClass() == IllegalStateException.class;
  }

  /** Joins lines and cuts the middle out of a long text. */
  private static String oneLine(String text) {
    String line = text.strip().replaceAll("\\s*\\R\\s*", " ");
    return line.length() <= LONGEST ? line
        : line.substring(0, LONGEST / 2) + " [" + (line.length() - LONGEST) + " characters] " + line.substring(line.length() - LONGEST / 2);
  }
}
