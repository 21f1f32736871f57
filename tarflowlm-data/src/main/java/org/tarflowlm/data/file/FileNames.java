package org.tarflowlm.data.file;

import java.util.Locale;

/** Rules for the names of files. */
public final class FileNames {
  private static final String COMPRESSED = "\\.(gz|bz2|xz|zst|zstd)$";

  private FileNames() {}

  /**
   * Whether a system or a tool has put a file beside the user's own: a hidden file or one in a hidden folder ({@code ._a.txt},
   * {@code .git}, {@code .ipynb_checkpoints}), or macOS's {@code __MACOSX}.
   *
   * @param path below the folder or archive that the user named; slashes of either kind part it
   */
  public static boolean isBeside(String path) {
    for (String part : path.split("[/\\\\]")) {
      if (part.equals("__MACOSX") || part.startsWith(".") && !part.equals(".") && !part.equals("..")) {
        return true;
      }
    }
    return false;
  }

  /** The name in lower case, without the suffix of a compression that holds a single file. */
  public static String withoutCompression(String name) {
    return name.toLowerCase(Locale.ROOT).replaceFirst(COMPRESSED, "");
  }
}
