package org.tarflowlm.zoo;

import java.util.List;
import org.tarflowlm.checkpoint.Checkpoint;
import org.tarflowlm.checkpoint.CheckpointAddress;
import org.tarflowlm.checkpoint.CheckpointException;
import org.tarflowlm.config.TarFlowConfig;
import org.tarflowlm.data.file.CacheFolder;
import org.tarflowlm.data.file.Progress;

/**
 * The zoo of named checkpoints. It also loads a {@link Checkpoint} from a path or an address.
 *
 * <p>Named weights come from jars on the class path: the artifact {@code zoo-weights}, or any other jar with an index of the same name.
 * Only addresses with a pinned hash are fetched from a server, and only once.
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
   * @throws CheckpointException if no checkpoint has that id; the message lists the known ids
   */
  public static ZooEntry entry(String id) {
    return index().entry(id);
  }

  /** Whether the class path holds weights under that id. Reads no index, so it answers before anything else has started. */
  public static boolean has(String id) {
    return loader().getResource(ZooIndex.FOLDER + "/" + id + "/" + Checkpoint.WEIGHTS) != null;
  }

  /** A checkpoint's configuration alone, without its weights. */
  static TarFlowConfig config(ZooEntry entry) {
    return index().loader(entry.id()).config();
  }

  /**
   * Loads a checkpoint of the zoo by its id.
   *
   * @throws CheckpointException if no checkpoint has that id (the message lists the known ids), or it is damaged
   */
  public static Checkpoint load(String id) {
    return index().loader(id).load();
  }

  /**
   * Like {@link #resolve(String, CacheFolder, Progress)}, with the cache folder that the environment sets and no progress listener.
   *
   * @throws CheckpointException if there is no such checkpoint, it cannot be fetched, its hash differs, or it is damaged
   */
  public static Checkpoint resolve(String model) {
    return resolve(model, CacheFolder.fromEnvironment(), Progress.NONE);
  }

  /**
   * Loads a model by name, as {@code --model} does: the zoo's checkpoint with that id if there is one, else the checkpoint at that path or
   * address.
   * <pre>
   * text8-mixd                                      an id of the zoo; ./text8-mixd is a folder of that name
   * runs/mine/best                                  a folder
   * mine.zip, models.jar!/org/mine                  an archive; if it holds several checkpoints, name the folder
   * file:/data/mine.zip#sha256=0a1b...              the same, with its hash checked
   * https://example.org/mine.zip#sha256=0a1b...     fetched once into the cache folder; the hash is required
   * </pre>
   *
   * @param cache where fetched archives are kept, and whether anything may be fetched
   * @param progress told how the download proceeds
   * @throws CheckpointException if there is no such checkpoint, it cannot be fetched, its hash differs, or it is damaged
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
    CheckpointAddress whole = new CheckpointAddress(model, "", null); // a file's name may contain "!/" or "#sha256="
    CheckpointAddress address = whole.exists() ? whole : CheckpointAddress.parse(model);
    if (!address.exists()) {
      throw new CheckpointException("'" + model + "' is neither a checkpoint of the zoo nor a folder" + index.known(model));
    }
    return address.load(cache, progress);
  }

  /** Reads the index on every call: it is short, and class paths grow in notebooks. */
  private static ZooIndex index() {
    return new ZooIndex(loader());
  }

  private static ClassLoader loader() {
    ClassLoader context = Thread.currentThread().getContextClassLoader();
    return context != null && context.getResource(ZooIndex.RESOURCE) != null ? context : TarFlowZoo.class.getClassLoader();
  }
}
