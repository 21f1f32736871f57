package org.tarflowlm.data.file;

import java.nio.file.Path;
import java.util.Locale;
import org.tarflowlm.data.DataException;

/**
 * Where downloaded and derived files are kept, and whether downloads are allowed.
 *
 * @param root the folder; created when the first file is stored in it
 * @param offline if true, nothing is downloaded
 */
public record CacheFolder(Path root, boolean offline) {
  /** Chooses the folder: this system property, else TARFLOWLM_CACHE, else {@code ~/.cache/tarflowlm}. */
  public static final String ROOT_PROPERTY = "tarflowlm.cache";
  /** Offline switch: this system property, else TARFLOWLM_OFFLINE; any value but empty, 0, false or no turns it on. */
  public static final String OFFLINE_PROPERTY = "tarflowlm.offline";

  /** The switches that this process was started with. */
  public static CacheFolder fromEnvironment() {
    String root = setting(ROOT_PROPERTY);
    Path folder = root == null || root.isBlank() ? Path.of(home(), ".cache", "tarflowlm") : Path.of(root);
    return new CacheFolder(folder.toAbsolutePath().normalize(), isOn(setting(OFFLINE_PROPERTY)));
  }

  /** Java reports "?" as the home folder where the system does not know the user, as in some containers; HOME may still be set. */
  private static String home() {
    String home = System.getProperty("user.home", "").strip();
    String named = System.getenv("HOME");
    if (!home.isEmpty() && !home.equals("?")) {
      return home;
    } else if (named != null && !named.isBlank()) {
      return named;
    }
    throw new DataException("no home folder is known; set HOME, or TARFLOWLM_CACHE to a folder for fetched and derived files");
  }

  private static String setting(String property) {
    String value = System.getProperty(property);
    return value != null ? value : System.getenv(property.replace('.', '_').toUpperCase(Locale.ROOT));
  }

  private static boolean isOn(String value) {
    return value != null && switch (value.strip().toLowerCase(Locale.ROOT)) {
      case "", "0", "false", "no", "off" -> false;
      default -> true;
    };
  }

  /** A file in the cache. */
  public Path file(String first, String... more) {
    return root.resolve(Path.of(first, more));
  }
}
