package org.tarflowlm.zoo;

import java.nio.file.Path;
import org.tarflowlm.checkpoint.Checkpoint;

/**
 * The old name of {@link org.tarflowlm.TarFlowLM}, kept for one version.
 *
 * @deprecated use {@link org.tarflowlm.TarFlowLM}
 */
@Deprecated
public final class TarFlowLM extends org.tarflowlm.TarFlowLM {
  private TarFlowLM(String name, Checkpoint checkpoint) {
    super(name, checkpoint);
  }

  /** As {@link org.tarflowlm.TarFlowLM#pretrained()}. */
  public static TarFlowLM pretrained() {
    return pretrained(DEFAULT);
  }

  /** As {@link org.tarflowlm.TarFlowLM#pretrained(String)}. */
  public static TarFlowLM pretrained(String id) {
    return new TarFlowLM(id, TarFlowZoo.load(id));
  }

  /** As {@link org.tarflowlm.TarFlowLM#load(Path)}. */
  public static TarFlowLM load(Path path) {
    return new TarFlowLM(path.toString(), Checkpoint.load(path));
  }

  /** As {@link org.tarflowlm.TarFlowLM#of(Checkpoint)}. */
  public static TarFlowLM of(Checkpoint checkpoint) {
    String id = checkpoint.info().id();
    return new TarFlowLM(id == null ? "unnamed" : id, checkpoint);
  }
}
