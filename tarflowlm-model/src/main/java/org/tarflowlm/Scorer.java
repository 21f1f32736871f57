package org.tarflowlm;

import java.io.ByteArrayOutputStream;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import org.tarflowlm.Score.Piece;
import org.tarflowlm.config.TarFlowConfig;
import org.tarflowlm.data.DataException;
import org.tarflowlm.data.tokenize.ByteTokenizer;
import org.tarflowlm.data.tokenize.Tokenizer;
import org.tarflowlm.data.tokens.TokenArray;
import org.tarflowlm.data.tokens.TokenSequence;
import org.tarflowlm.eval.Likelihood;
import org.tarflowlm.eval.LikelihoodEstimate;
import org.tarflowlm.eval.TextWindows.Nats;
import org.tarflowlm.eval.TextWindows.Window;
import org.tarflowlm.nn.TarFlowLayer;

/** Scores tokens with a model; see {@link TarFlowLM#score(TokenSequence, ScoringOptions)}. */
record Scorer(String name, Tokenizer tokenizer, TarFlowConfig config, Engine engine) {
  private static final int CHUNK = 1 << 14;
  /** Tokens, of all draws of the noise, that are scored in one go: enough of them to be batched by length. Longer texts are streamed. */
  private static final int TOGETHER = 1 << 17;

  Score score(TokenSequence tokens, ScoringOptions options) {
    TokenSequence scored = scored(config, tokenizer, tokens, options);
    return isLong(scored, options) ? engine.withNetwork(layer -> stream(layer, scored, options))
        : together(List.of(scored), options).get(0);
  }

  /** Scores texts, each by itself. */
  List<Score> score(List<String> texts, ScoringOptions options) {
    List<TokenSequence> scored = new ArrayList<>();
    for (String text : texts) {
      try {
        scored.add(scored(config, tokenizer, TokenArray.of(text, tokenizer), options));
      } catch (DataException e) {
        throw new DataException("text " + scored.size() + ": " + e.getMessage(), e);
      }
    }
    List<Score> result = new ArrayList<>();
    while (result.size() < scored.size()) {
      int end = result.size();
      for (long tokens = 0; end < scored.size() && !isLong(scored.get(end), options) && tokens <= TOGETHER; end++) {
        tokens += scored.get(end).length() * samples(options);
      }
      if (end > result.size()) {
        result.addAll(together(scored.subList(result.size(), end), options));
      } else {
        TokenSequence next = scored.get(end);
        result.add(engine.withNetwork(layer -> stream(layer, next, options)));
      }
    }
    return result;
  }

  private int samples(ScoringOptions options) {
    return config.isFlow() ? options.samples() : 1;
  }

  private boolean isLong(TokenSequence scored, ScoringOptions options) {
    return options.stride() > 0 || scored.length() * samples(options) > TOGETHER;
  }

  private List<Score> together(List<TokenSequence> texts, ScoringOptions options) {
    List<List<Window>> windows = texts.stream()
        .map(each -> Likelihood.windows(config, each, options.seed(), samples(options))).toList();
    List<Nats> nats = Arrays.asList(engine.score(windows.stream().flatMap(List::stream).toList(), options.perToken()));
    List<Score> result = new ArrayList<>();
    int done = 0;
    for (int i = 0; i < texts.size(); i++) {
      int count = windows.get(i).size();
      Likelihood.ByToken found = Likelihood.sum(config, texts.get(i), samples(options), nats.subList(done, done + count));
      result.add(result(texts.get(i), found.estimate(), options.perToken() ? found.nats() : null));
      done += count;
    }
    return result;
  }

  private Score stream(TarFlowLayer layer, TokenSequence scored, ScoringOptions options) {
    Likelihood likelihood = new Likelihood(layer, options.seed(), options.samples());
    if (options.perToken()) {
      Likelihood.ByToken each = likelihood.byToken(scored);
      return result(scored, each.estimate(), each.nats());
    }
    return result(scored, options.stride() == 0 ? likelihood.of(scored) : likelihood.withStride(scored, options.stride()), null);
  }

  /** @param nats of each token, or null */
  private Score result(TokenSequence scored, LikelihoodEstimate estimate, double[] nats) {
    Pieces pieces = nats == null ? null : new Pieces(scored, nats, tokenizer);
    return Score.of(name, estimate, characters(scored, estimate.tokens(), tokenizer), pieces == null ? List.of() : pieces.tokens,
        pieces == null ? List.of() : pieces.characters);
  }

  /** The tokens to score: those that make up the first {@link ScoringOptions#maxCharacters} characters. */
  static TokenSequence scored(TarFlowConfig config, Tokenizer tokenizer, TokenSequence tokens, ScoringOptions options) {
    if (tokens.vocabSize() != config.vocabSize()) {
      throw new IllegalArgumentException("the tokens' vocabulary has " + tokens.vocabSize() + " tokens; expected " + config.vocabSize());
    }
    long count = tokensWithin(tokens, options.maxCharacters(), tokenizer);
    int least = config.patch();
    if (count < least) {
      throw new DataException("the text " + (count == 0 ? "is empty" : "has " + count + (count == 1 ? " token" : " tokens"))
          + "; expected at least " + least + (least == 1 ? " token" : " tokens"));
    }
    return tokens.slice(0, count);
  }

  /** Counts the characters in the first {@code count} tokens: Unicode code points, or bytes for byte tokenizers. At least 1. */
  static long characters(TokenSequence tokens, long count, Tokenizer tokenizer) {
    if (tokenizer instanceof ByteTokenizer) {
      return count;
    }
    long characters = 0;
    for (long from = 0; from < count; from += CHUNK) {
      characters += characters(chunk(tokens, from, count), tokenizer);
    }
    return Math.max(1, characters);
  }

  /** Number of leading tokens that make up at most {@code maxCharacters} characters. */
  static long tokensWithin(TokenSequence tokens, long maxCharacters, Tokenizer tokenizer) {
    if (tokenizer instanceof ByteTokenizer) {
      return Math.min(tokens.length(), maxCharacters);
    }
    long characters = 0;
    for (long from = 0; from < tokens.length(); from += CHUNK) {
      int[] ids = chunk(tokens, from, tokens.length());
      long here = characters(ids, tokenizer);
      if (characters + here > maxCharacters) {
        int fitting = 0;
        for (; characters <= maxCharacters; fitting++) {
          characters += characters(new int[] {ids[fitting]}, tokenizer);
        }
        return from + fitting - 1;
      }
      characters += here;
    }
    return tokens.length();
  }

  private static int[] chunk(TokenSequence tokens, long from, long end) {
    int[] ids = new int[(int) Math.min(CHUNK, end - from)];
    tokens.read(from, ids, 0, ids.length);
    return ids;
  }

  private static long characters(int[] ids, Tokenizer tokenizer) {
    long characters = 0;
    for (byte each : tokenizer.decodeBytes(ids)) {
      // in UTF-8, every byte that continues a character starts with the bits 10
      characters += (each & 0xc0) == 0x80 ? 0 : 1;
    }
    return characters;
  }

  /** The bits of each token and of each character of a scored text. */
  private static final class Pieces {
    private final List<Piece> tokens = new ArrayList<>();
    private final List<Piece> characters = new ArrayList<>();
    /** Bytes of the character that is not complete yet; {@code bits} are its bits so far. */
    private final ByteArrayOutputStream bytes = new ByteArrayOutputStream(4);
    private double bits;

    /** @param nats of each token that was scored */
    Pieces(TokenSequence text, double[] nats, Tokenizer tokenizer) {
      int[] ids = new int[nats.length];
      text.read(0, ids, 0, ids.length);
      String[] known = new String[tokenizer.vocabSize()];
      for (int t = 0; t < ids.length; t++) {
        int[] id = {ids[t]};
        if (known[ids[t]] == null) {
          known[ids[t]] = tokenizer.decode(id);
        }
        double own = nats[t] / Math.log(2);
        tokens.add(new Piece(known[ids[t]], own));
        byte[] encoded = tokenizer.decodeBytes(id);
        for (byte each : encoded) {
          add(each, own / encoded.length);
        }
      }
      end();
    }

    private void add(byte each, double share) {
      if ((each & 0xc0) != 0x80) {
        end();
      }
      bytes.write(each);
      bits += share;
    }

    private void end() {
      if (bytes.size() > 0) {
        characters.add(new Piece(bytes.toString(StandardCharsets.UTF_8), bits));
      }
      bytes.reset();
      bits = 0;
    }
  }
}
