package org.tarflowlm.zoo;

import java.nio.file.Files;
import java.nio.file.InvalidPathException;
import java.nio.file.Path;
import java.util.List;
import org.tarflowlm.config.StrictJson;

/**
 * The zoo: named checkpoints, and the way from a name or a folder to a {@link Checkpoint}.
 *
 * <p>Weights come from jars on the class path (the artifact {@code zoo-weights}, or anyone's jar with an index of the same name);
 * nothing is fetched from the network.
 */
public final class TarFlowZoo {
  private TarFlowZoo() {}

  /** All checkpoints on the class path, in the order of the index. */
  public static List<ZooEntry> list() {
    return List.copyOf(index().entries());
  }

  /**
   * Loads a checkpoint of the zoo by its id.
   *
   * @throws CheckpointException if there is none of that id (the message lists the known ones), or it is damaged
   */
  public static Checkpoint load(String id) {
    return load(index(), id);
  }

  /**
   * Loads what a user means by {@code --model}: a checkpoint of the zoo if there is one of that id, else a folder. Write
   * {@code ./name} for a folder whose name is also an id.
   *
   * @throws CheckpointException if it is neither, or is damaged
   */
  public static Checkpoint resolve(String idOrFolder) {
    return resolve(index(), idOrFolder);
  }

  static Checkpoint load(ZooIndex index, String id) {
    ZooEntry entry = index.find(id);
    if (entry == null) {
      throw new CheckpointException("no checkpoint '" + id + "' in the zoo" + known(index, id));
    }
    return index.load(entry);
  }

  static Checkpoint resolve(ZooIndex index, String idOrFolder) {
    if (index.find(idOrFolder) != null) {
      return load(index, idOrFolder);
    }
    Path folder = path(idOrFolder);
    if (folder == null || !Files.exists(folder)) {
      throw new CheckpointException("'" + idOrFolder + "' is neither a checkpoint of the zoo nor a folder" + known(index, idOrFolder));
    }
    return Checkpoint.load(folder);
  }

  private static Path path(String text) {
    try {
      return text.isBlank() ? null : Path.of(text);
    } catch (InvalidPathException e) {
      return null;
    }
  }

  private static String known(ZooIndex index, String id) {
    return index.ids().isEmpty()
        ? "; the zoo is empty: put the artifact zoo-weights on the class path"
        : StrictJson.didYouMean(id, index.ids()) + "; expected one of " + String.join(", ", index.ids());
  }

  /** Read each time: it is short, and class paths grow in notebooks. */
  private static ZooIndex index() {
    ClassLoader context = Thread.currentThread().getContextClassLoader();
    return new ZooIndex(context != null && context.getResource(ZooIndex.RESOURCE) != null ? context : TarFlowZoo.class.getClassLoader());
  }
}
