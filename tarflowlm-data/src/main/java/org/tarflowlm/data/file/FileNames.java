package org.tarflowlm.data.file;

import java.util.Locale;
import java.util.Set;

/** Rules for file names. */
public final class FileNames {
  /** Folders that systems create: macOS, Synology, Windows, Linux. */
  private static final Set<String> SYSTEM_FOLDERS =
      Set.of("__MACOSX", "@eaDir", "#recycle", "$RECYCLE.BIN", "System Volume Information", "lost+found");
  private static final String COMPRESSED = "\\.(gz|bz2|xz|zst|zstd)$";

  private FileNames() {}

  /**
   * Whether a system or a tool has put a file beside the user's own: a hidden file or one in a hidden folder ({@code ._a.txt}, {@code
   * .git}, {@code .ipynb_checkpoints}), a folder such as macOS's {@code __MACOSX}, or the mark of an open document ({@code ~$a.txt}).
   *
   * @param path relative to the folder or archive that the user named; separated by slashes or backslashes
   */
  public static boolean isBeside(String path) {
    for (String part : path.split("[/\\\\]")) {
      if (SYSTEM_FOLDERS.contains(part) || part.startsWith("~$") || part.startsWith(".") && !part.equals(".") && !part.equals("..")) {
        return true;
      }
    }
    return false;
  }

  /** The name in lower case, without the suffix of a single-file compression. */
  public static String withoutCompression(String name) {
    return name.toLowerCase(Locale.ROOT).replaceFirst(COMPRESSED, "");
  }
}
