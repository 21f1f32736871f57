package org.tarflowlm.data.file;

import java.io.EOFException;
import java.io.FileNotFoundException;
import java.io.IOException;
import java.nio.file.AccessDeniedException;
import java.nio.file.FileSystemException;
import java.nio.file.NoSuchFileException;
import java.nio.file.NotDirectoryException;
import org.tarflowlm.data.DataException;

/** Readable messages for IOExceptions: many of Java's carry only a path, or no message at all. */
public final class IoErrors {
  private IoErrors() {}

  /** Something that reads or writes. */
  @FunctionalInterface
  public interface Action<T> {
    T run() throws IOException;
  }

  /**
   * Runs an action that reads a file, and returns its result.
   *
   * @throws DataException if the file cannot be read, or its content is damaged
   */
  public static <T> T reading(Object file, Action<T> action) {
    try {
      return action.run();
    } catch (IOException e) {
      throw unreadable(file, e);
    }
  }

  /**
   * Runs an action that writes a file, and returns its result.
   *
   * @throws DataException if the file cannot be written
   */
  public static <T> T writing(Object file, Action<T> action) {
    try {
      return action.run();
    } catch (IOException e) {
      throw unwritable(file, e);
    }
  }

  /** The cause in a few words. */
  public static String reason(IOException e) {
    if (e instanceof AccessDeniedException) {
      return "permission denied";
    }
    if (e instanceof NoSuchFileException || e instanceof FileNotFoundException && e.getMessage() == null) {
      return "no such file or folder";
    }
    if (e instanceof NotDirectoryException) {
      return "not a folder";
    }
    if (e instanceof FileSystemException f && f.getReason() != null) {
      return f.getReason();
    }
    if (e instanceof EOFException) {
      return "it ends too early" + (e.getMessage() == null ? "" : " (" + e.getMessage() + ")");
    }
    return e.getMessage() == null ? e.getClass().getSimpleName() : e.getMessage().lines().findFirst().orElse("");
  }

  /** The error for a file that cannot be read, or whose content is damaged. */
  public static DataException unreadable(Object file, IOException e) {
    return new DataException("cannot read " + file + ": " + reason(e), e);
  }

  /** The error for a file that cannot be written. */
  public static DataException unwritable(Object file, IOException e) {
    return new DataException("cannot write " + file + ": " + reason(e), e);
  }
}
