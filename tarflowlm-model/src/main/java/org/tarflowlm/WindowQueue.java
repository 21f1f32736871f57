package org.tarflowlm;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import org.tarflowlm.eval.TextWindows;
import org.tarflowlm.eval.TextWindows.Nats;
import org.tarflowlm.eval.TextWindows.Window;
import org.tarflowlm.nn.PaddedWindows;
import org.tarflowlm.nn.TarFlowLayer;

/**
 * Windows that several threads want to have scored. A thread that holds a network scores waiting windows of other threads together with its
 * own, which is faster than one request after another. It does so only if batching leaves the bits of every score alone.
 */
final class WindowQueue {
  /** Most windows of other threads to score with one's own. */
  private static final int MOST = 128;

  private final List<Request> waiting = new ArrayList<>();

  /** One thread's windows and their scores. */
  static final class Request {
    private final List<Window> windows;
    private final boolean terms;
    private final CompletableFuture<Nats[]> nats = new CompletableFuture<>();

    private Request(List<Window> windows, boolean terms) {
      this.windows = windows;
      this.terms = terms;
    }

    /** Waits for the scores, or throws what scoring this request threw. */
    Nats[] result() {
      try {
        return nats.join();
      } catch (CompletionException e) {
        if (e.getCause() instanceof Error error) {
          throw error;
        }
        throw (RuntimeException) e.getCause();
      }
    }
  }

  /** @param terms whether to keep the tokens' terms */
  synchronized Request add(List<Window> windows, boolean terms) {
    Request request = new Request(windows, terms);
    waiting.add(request);
    return request;
  }

  synchronized void remove(Request request) {
    waiting.remove(request);
  }

  /** Scores a request, together with waiting ones where that keeps their bits; nothing if another thread has taken it. */
  void serve(Request own, TarFlowLayer layer) {
    List<Request> group = take(own, PaddedWindows.keepBits(layer.model())); // otherwise a score would depend on other threads
    if (!group.isEmpty()) {
      run(group, layer);
    }
  }

  private synchronized List<Request> take(Request own, boolean together) {
    List<Request> group = new ArrayList<>();
    if (waiting.remove(own)) {
      group.add(own);
      int others = 0;
      for (Request each : waiting) {
        if (together && others + each.windows.size() <= MOST) {
          others += each.windows.size();
          group.add(each);
        }
      }
      waiting.removeAll(group);
    }
    return group;
  }

  private static void run(List<Request> group, TarFlowLayer layer) {
    try {
      Nats[] nats = TextWindows.score(layer, group.stream().flatMap(each -> each.windows.stream()).toList(),
          group.stream().anyMatch(each -> each.terms));
      int done = 0;
      for (Request each : group) {
        each.nats.complete(Arrays.copyOfRange(nats, done, done + each.windows.size()));
        done += each.windows.size();
      }
    } catch (RuntimeException | Error e) {
      if (group.size() == 1) {
        group.get(0).nats.completeExceptionally(e);
      } else {
        group.forEach(each -> run(List.of(each), layer)); // so that a failure affects only the request that caused it
      }
    }
  }
}
