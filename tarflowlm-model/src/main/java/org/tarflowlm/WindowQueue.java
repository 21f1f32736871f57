package org.tarflowlm;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Queue;
import java.util.concurrent.ConcurrentLinkedQueue;
import org.tarflowlm.eval.TextWindows;
import org.tarflowlm.eval.TextWindows.Nats;
import org.tarflowlm.eval.TextWindows.Window;
import org.tarflowlm.nn.PaddedWindows;
import org.tarflowlm.nn.TarFlowLayer;

/**
 * Windows that several threads want one network to score. The thread that holds the network scores waiting windows of other threads
 * together with its own, which is faster than one request after another. It does so only if batching leaves the bits of every score alone.
 */
final class WindowQueue {
  /** Most windows of other threads to score with one's own. */
  private static final int MOST = 128;

  private final Queue<Request> waiting = new ConcurrentLinkedQueue<>();

  /** One thread's windows and their scores. Only the thread that holds the network may access it. */
  static final class Request {
    private final List<Window> windows;
    private final boolean terms;
    private Nats[] nats;
    private Throwable failure;

    private Request(List<Window> windows, boolean terms) {
      this.windows = windows;
      this.terms = terms;
    }

    boolean isDone() {
      return nats != null || failure != null;
    }

    /** Returns the scores, or throws what scoring this request threw. */
    Nats[] result() {
      if (failure instanceof Error error) {
        throw error;
      }
      if (failure != null) {
        throw (RuntimeException) failure;
      }
      return nats;
    }
  }

  /** @param terms whether to keep the tokens' terms */
  Request add(List<Window> windows, boolean terms) {
    Request request = new Request(windows, terms);
    waiting.add(request);
    return request;
  }

  void remove(Request request) {
    waiting.remove(request);
  }

  /** Scores a request, together with waiting ones where that keeps their bits. */
  void serve(Request own, TarFlowLayer layer) {
    List<Request> group = new ArrayList<>(List.of(own));
    int others = 0;
    boolean together = PaddedWindows.keepBits(layer.model()); // otherwise a score would depend on other threads
    for (Request each : waiting) {
      if (together && each != own && others + each.windows.size() <= MOST) {
        others += each.windows.size();
        group.add(each);
      }
    }
    waiting.removeAll(group);
    run(group, layer);
  }

  private static void run(List<Request> group, TarFlowLayer layer) {
    try {
      Nats[] nats = TextWindows.score(layer, group.stream().flatMap(each -> each.windows.stream()).toList(),
          group.stream().anyMatch(each -> each.terms));
      int done = 0;
      for (Request each : group) {
        each.nats = Arrays.copyOfRange(nats, done, done + each.windows.size());
        done += each.windows.size();
      }
    } catch (RuntimeException | Error e) {
      if (group.size() == 1) {
        group.get(0).failure = e;
      } else {
        group.forEach(each -> run(List.of(each), layer)); // so that a failure affects only the request that caused it
      }
    }
  }
}
