package org.tarflowlm.zoo;

import java.util.List;
import org.tarflowlm.checkpoint.Checkpoint;
import org.tarflowlm.checkpoint.CheckpointAddress;
import org.tarflowlm.checkpoint.CheckpointException;
import org.tarflowlm.config.TarFlowConfig;
import org.tarflowlm.data.file.CacheFolder;
import org.tarflowlm.data.file.Progress;

/**
 * The zoo: named checkpoints, and the way from a name, a path or an address to a {@link Checkpoint}.
 *
 * <p>Named weights come from jars on the class path (the artifact {@code zoo-weights}, or anyone's jar with an index of the same name).
 * Only an address with a pinned hash is fetched from a server, and only once.
 */
public final class TarFlowZoo {
  private TarFlowZoo() {}

  /** All checkpoints on the class path, in the order of the index. */
  public static List<ZooEntry> list() {
    return index().entries();
  }

  /**
   * The entry of a checkpoint.
   *
   * @throws CheckpointException if there is none of that id; the message lists the known ones
   */
  public static ZooEntry entry(String id) {
    return index().entry(id);
  }

  /** A checkpoint's configuration alone, without its weights. */
  static TarFlowConfig config(ZooEntry entry) {
    return index().loader(entry.id()).config();
  }

  /**
   * Loads a checkpoint of the zoo by its id.
   *
   * @throws CheckpointException if there is none of that id (the message lists the known ones), or it is damaged
   */
  public static Checkpoint load(String id) {
    return index().loader(id).load();
  }

  /**
   * Loads the model that {@code --model} names, as {@link #resolve(String, CacheFolder, Progress)} with the cache folder that the
   * environment names.
   *
   * @throws CheckpointException if there is no such thing, or it is damaged
   */
  public static Checkpoint resolve(String model) {
    return resolve(model, CacheFolder.fromEnvironment(), Progress.NONE);
  }

  /**
   * Loads the model that {@code --model} names: a checkpoint of the zoo if there is one of that id, else the checkpoint at a path or an
   * address.
   * <pre>
   * text8-mixd                                      an id of the zoo; ./text8-mixd is a folder of that name
   * runs/mine/best                                  a folder
   * mine.zip, models.jar!/org/mine                  an archive of a folder; of several, one of them
   * file:/data/mine.zip#sha256=0a1b...              the same, with its hash compared
   * https://example.org/mine.zip#sha256=0a1b...     fetched once into the cache folder; the hash is needed
   * </pre>
   *
   * @param cache where fetched archives are kept, and whether anything may be fetched
   * @param progress of fetching
   * @throws CheckpointException if there is no such thing, it cannot be fetched, has another hash, or is damaged
   */
  public static Checkpoint resolve(String model, CacheFolder cache, Progress progress) {
    return resolve(index(), model, cache, progress);
  }

  static Checkpoint resolve(ZooIndex index, String model, CacheFolder cache, Progress progress) {
    if (index.has(model)) {
      return index.loader(model).load();
    } else if (CheckpointAddress.isUri(model)) {
      return CheckpointAddress.parse(model).load(cache, progress);
    }
    CheckpointAddress whole = new CheckpointAddress(model, "", null); // the name of a file may hold a "!/" or a "#sha256="
    CheckpointAddress address = whole.exists() ? whole : CheckpointAddress.parse(model);
    if (!address.exists()) {
      throw new CheckpointException("'" + model + "' is neither a checkpoint of the zoo nor a folder" + index.known(model));
    }
    return address.load(cache, progress);
  }

  /** Read each time: it is short, and class paths grow in notebooks. */
  private static ZooIndex index() {
    ClassLoader context = Thread.currentThread().getContextClassLoader();
    return new ZooIndex(context != null && context.getResource(ZooIndex.RESOURCE) != null ? context : TarFlowZoo.class.getClassLoader());
  }
}
