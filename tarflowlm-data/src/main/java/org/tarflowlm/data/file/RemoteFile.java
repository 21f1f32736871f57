package org.tarflowlm.data.file;

import java.net.URI;
import java.util.Locale;
import org.tarflowlm.data.DataException;

/**
 * A file to be fetched.
 *
 * @param uri its address: http, https or file
 * @param length its exact length in bytes, or {@link #UNKNOWN}
 * @param sha256 its SHA-256 in hexadecimal, or null if none is known. Then only the length is checked, and a broken download resumes
 *     only if the server confirms that the file is unchanged
 */
public record RemoteFile(URI uri, long length, String sha256) {
  /** Length of a file of unknown length. */
  public static final long UNKNOWN = -1;

  public RemoteFile {
    String scheme = uri.getScheme() == null ? "" : uri.getScheme().toLowerCase(Locale.ROOT);
    if (!scheme.equals("http") && !scheme.equals("https") && !scheme.equals("file")) {
      throw new DataException("address " + uri + " is not supported; expected http, https or file");
    }
    if (length < UNKNOWN) {
      throw new DataException("length of " + uri + " is " + length + "; expected at least 0, or " + UNKNOWN + " for unknown");
    }
    if (sha256 != null && !sha256.matches("[0-9a-fA-F]{64}")) {
      throw new DataException("SHA-256 of " + uri + " is \"" + sha256 + "\"; expected 64 hexadecimal digits");
    }
    sha256 = sha256 == null ? null : sha256.toLowerCase(Locale.ROOT);
  }
}
