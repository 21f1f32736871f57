package org.tarflowlm.serve;

import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.concurrent.CancellationException;
import java.util.stream.IntStream;
import org.tarflowlm.Score;
import org.tarflowlm.ScoringOptions;
import org.tarflowlm.TarFlowLM;
import org.tarflowlm.command.Json;
import org.tarflowlm.data.tokens.TokenArray;
import org.tarflowlm.generate.FlowView;
import org.tarflowlm.generate.Generation;
import org.tarflowlm.generate.GenerationOptions;
import org.tarflowlm.generate.TokenListener;

/** A model that is served. */
final class ServedModel implements AutoCloseable {
  private final TarFlowLM model;
  private final long created = System.currentTimeMillis() / 1000;

  ServedModel(TarFlowLM model) {
    this.model = model;
  }

  TarFlowLM model() {
    return model;
  }

  String id() {
    return model.name();
  }

  boolean hasFlows() {
    return model.config().isFlow();
  }

  /** @throws ApiException if the model is discrete */
  void requireFlows() {
    if (!hasFlows()) {
      throw ApiException.badRequest("model", "the model " + id() + " is discrete and has no flows; use a flow model");
    }
  }

  /** Builds in advance what the first request would wait for. */
  void warmUp() {
    model.generate("", model.generationOptions().withBatchSize(1).withMaxNewTokens(model.config().patchSize()));
  }

  /** Generates one text. An interrupt of the thread stops it as soon as the model's flows allow, at the latest at the end of the window. */
  Generation generate(int[] prompt, GenerationOptions options, TokenListener listener) {
    return model.generate(prompt, options, tokens -> {
      requireUninterrupted();
      listener.accept(tokens);
    }).get(0);
  }

  /** @throws CancellationException if the request was cancelled */
  static void requireUninterrupted() {
    if (Thread.currentThread().isInterrupted()) {
      throw new CancellationException();
    }
  }

  /** The likelihood of tokens, with the bits of each. */
  Score score(int[] tokens, ScoringOptions options) {
    return model.score(new TokenArray(tokens, model.tokenizer().vocabSize()), options.withPerToken(true));
  }

  /** Offsets of tokens in their text, in Unicode characters. */
  int[] offsets(int[] tokens) {
    int[] offsets = new int[tokens.length];
    int at = 0;
    for (int t = 0; t < tokens.length; t++) {
      offsets[t] = at;
      for (byte each : model.tokenizer().decodeBytes(new int[] {tokens[t]})) {
        at += (each & 0xc0) == 0x80 ? 0 : 1; // continuation bytes of UTF-8 begin with the bits 10
      }
    }
    return offsets;
  }

  /** The first tokens of a text, as many as its beginning {@code front} takes. */
  int[] tokensOf(int[] tokens, String front) {
    int left = front.getBytes(StandardCharsets.UTF_8).length;
    int count = 0;
    for (; left > 0 && count < tokens.length; count++) {
      left -= model.tokenizer().decodeBytes(new int[] {tokens[count]}).length;
    }
    return Arrays.copyOf(tokens, count);
  }

  /** A token in OpenAI's form: its text, or {@code bytes:\xe2\x80} if its bytes alone are not valid text. */
  String piece(int token) {
    byte[] bytes = model.tokenizer().decodeBytes(new int[] {token});
    String text = new String(bytes, StandardCharsets.UTF_8);
    if (Arrays.equals(bytes, text.getBytes(StandardCharsets.UTF_8))) {
      return text;
    }
    StringBuilder result = new StringBuilder("bytes:");
    for (byte each : bytes) {
      result.append(String.format(Locale.ROOT, "\\x%02x", each));
    }
    return result.toString();
  }

  /** A text pass by pass, from noise to the text. */
  List<Map<String, Object>> passes(Generation generation) {
    return FlowView.of(generation, model.config(), model.tokenizer()).passes().stream().map(pass ->
        Json.object("level", pass.level(), "source", pass.source(), "text", pass.text(), "pieces", pass.pieces(),
            "changed", IntStream.range(0, pass.changed().length).filter(t -> pass.changed()[t]).toArray())).toList();
  }

  /** A model in the form of OpenAI's list, with further facts for clients. */
  Map<String, Object> description() {
    return Json.object("id", id(), "object", "model", "created", created, "owned_by", "tarflowlm",
        "description", model.info().description(), "tokenizer", model.tokenizer().name(), "vocabulary_size", model.tokenizer().vocabSize(),
        "context_length", model.config().contextLength(), "patch_size", model.config().patch(),
        "flows", hasFlows()
            ? IntStream.range(0, model.config().flows().size()).mapToObj(l -> FlowView.name(l, model.config().flows().get(l))).toList()
            : List.of());
  }

  @Override
  public void close() {
    model.close();
  }
}
