package org.tarflowlm;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.tarflowlm.checkpoint.Fixtures;
import org.tarflowlm.data.DataException;
import org.tarflowlm.data.documents.Excerpt;
import org.tarflowlm.nn.PaddedWindows;

/** Texts have the same scores together as alone. */
class ManyTextsTest {
  private static final int THREADS = 8;

  /** Consecutive pieces of the excerpt. */
  private static List<String> texts(int... lengths) {
    List<String> result = new ArrayList<>();
    int at = 0;
    for (int length : lengths) {
      result.add(Excerpt.text().substring(at, at + length));
      at += length;
    }
    return result;
  }

  /** Tolerance for single precision, whose matrix products round a row according to its place; 0 elsewhere. */
  private static double tolerance(TarFlowLM model, double nats) {
    return PaddedWindows.keepBits(model.config()) ? 0 : 1e-5 * nats;
  }

  @ParameterizedTest
  @ValueSource(strings = {"text8-mixd", "text8-mix1", "text8-affine-d", "text8-patch2", "text8-coarse-to-fine", "text8-ar"})
  void neighboursDoNotMatter(String id) {
    List<String> texts = texts(2, 256, 30, 255, 241, 30, 28, 700, 24, 256, 90, 512, 93, 100, 96, 25);
    try (TarFlowLM model = TarFlowLM.pretrained(id)) {
      List<Score> together = model.score(texts);
      List<String> reversed = new ArrayList<>(texts);
      Collections.reverse(reversed);
      List<Score> backwards = model.score(reversed, ScoringOptions.defaults());
      for (int i = 0; i < texts.size(); i++) {
        Score alone = model.score(texts.get(i));
        assertEquals(alone.nats(), together.get(i).nats(), tolerance(model, alone.nats()), "text " + i);
        assertEquals(alone.nats(), backwards.get(texts.size() - 1 - i).nats(), tolerance(model, alone.nats()), "text " + i);
        assertEquals(alone.tokens(), together.get(i).tokens());
        assertEquals(alone.characters(), together.get(i).characters());
        assertEquals(alone.standardError(), together.get(i).standardError(), 1e-6);
        assertEquals(alone.bound(), together.get(i).bound());
        assertEquals(alone.nats() / Math.log(2), together.get(i).perToken().stream().mapToDouble(Score.Piece::bits).sum(),
            1e-4 * alone.nats());
      }
    }
  }

  /** Large vocabularies have batches of 6 and 3 windows too. */
  @Test
  void manyTokensToChooseFrom() {
    List<String> texts = texts(30, 31, 32, 33, 34, 35, 36, 37, 38);
    try (TarFlowLM model = TarFlowLM.pretrained("openwebtext-mixd")) {
      List<Score> together = model.score(texts);
      for (int i = 0; i < texts.size(); i++) {
        Score alone = model.score(texts.get(i));
        assertEquals(alone.nats(), together.get(i).nats(), 1e-5 * alone.nats(), "text " + i);
        assertEquals(alone.tokens(), together.get(i).perToken().size());
      }
    }
  }

  @Test
  void optionsHoldForEachText() {
    List<String> texts = texts(20, 70, 300, 21, 256);
    try (TarFlowLM model = TarFlowLM.pretrained("text8-mixd")) {
      for (ScoringOptions options : List.of(ScoringOptions.defaults().withSeed(7).withSamples(3), ScoringOptions.defaults().withStride(64),
          ScoringOptions.defaults().withMaxCharacters(33))) {
        List<Score> together = model.score(texts, options);
        for (int i = 0; i < texts.size(); i++) {
          Score alone = model.score(texts.get(i), options);
          assertEquals(alone.nats(), together.get(i).nats(), tolerance(model, alone.nats()), options.toString());
          assertEquals(alone.bound(), together.get(i).bound());
          assertEquals(alone.tokens(), together.get(i).tokens());
        }
      }
      assertEquals(List.of(), model.score(List.of()));
    }
  }

  @Test
  void aBadTextIsNamed() {
    try (TarFlowLM model = TarFlowLM.pretrained("text8-ar")) {
      String unknown = assertThrows(DataException.class, () -> model.score(List.of("a whale", "a Whale"))).getMessage();
      assertTrue(unknown.startsWith("text 1: "), unknown);
      String empty = assertThrows(DataException.class, () -> model.score(List.of("a whale", "a sea", ""))).getMessage();
      assertTrue(empty.startsWith("text 2: the text is empty"), empty);
    }
  }

  @ParameterizedTest
  @ValueSource(strings = {"text8-mixd", "text8-ar"})
  void manyThreadsGetTheScoresOfOne(String id) throws Exception {
    List<String> texts = texts(20, 70, 300, 21, 256, 45, 46, 130, 7, 99, 250, 33);
    ExecutorService pool = Executors.newFixedThreadPool(THREADS);
    try (TarFlowLM model = TarFlowLM.pretrained(id)) {
      List<Score> alone = texts.stream().map(model::score).toList();
      List<Future<?>> running = new ArrayList<>();
      for (int thread = 0; thread < THREADS; thread++) {
        int own = thread;
        running.add(pool.submit(() -> {
          for (int i = 0; i < 3 * texts.size(); i++) {
            int text = (i * 5 + own) % texts.size();
            Score found = own % 2 == 0 ? model.score(texts.get(text)) : model.score(texts.get(text), ScoringOptions.defaults());
            assertEquals(alone.get(text).nats(), found.nats(), tolerance(model, found.nats()), "text " + text);
            if (own % 2 == 0) {
              assertEquals(found.tokens(), found.perToken().size());
            }
          }
        }));
      }
      for (Future<?> each : running) {
        each.get();
      }
    } finally {
      pool.shutdownNow();
    }
  }

  /** Threads that score while another closes the model get their score or an IllegalStateException. None waits for ever. */
  @Test
  void closingAModelEndsTheWaiting() throws Exception {
    ExecutorService pool = Executors.newFixedThreadPool(THREADS);
    Map<Integer, Throwable> failures = new ConcurrentHashMap<>();
    try {
      TarFlowLM model = TarFlowLM.of(Fixtures.tiny());
      List<Future<?>> running = new ArrayList<>();
      for (int thread = 0; thread < THREADS; thread++) {
        int own = thread;
        running.add(pool.submit(() -> {
          try {
            while (true) {
              model.score("call me ishmael");
            }
          } catch (RuntimeException e) {
            failures.put(own, e);
          }
        }));
      }
      model.score("some years ago");
      model.close();
      for (Future<?> each : running) {
        each.get();
      }
      assertEquals(THREADS, failures.size());
      failures.values().forEach(each -> assertEquals(IllegalStateException.class, each.getClass(), each.toString()));
    } finally {
      pool.shutdownNow();
    }
  }
}
