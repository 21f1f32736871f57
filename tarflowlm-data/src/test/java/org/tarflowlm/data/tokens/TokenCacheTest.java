package org.tarflowlm.data.tokens;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.FileTime;
import java.util.Arrays;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.stream.IntStream;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.function.Executable;
import org.junit.jupiter.api.io.TempDir;
import org.tarflowlm.data.DataException;
import org.tarflowlm.data.documents.DocumentOptions;
import org.tarflowlm.data.documents.DocumentReport;
import org.tarflowlm.data.documents.Excerpt;
import org.tarflowlm.data.file.CacheFolder;
import org.tarflowlm.data.file.InputFile;
import org.tarflowlm.data.tokenize.Bytes;
import org.tarflowlm.data.tokenize.Gpt2Bpe;

class TokenCacheTest {
  private static final Gpt2Bpe GPT2 = new Gpt2Bpe();
  private static final int DOCUMENTS = 900;

  @TempDir private Path folder;
  private InputFile source;
  private Path cache;

  @BeforeEach
  void makeSource() throws IOException {
    StringBuilder lines = new StringBuilder();
    String text = Excerpt.text();
    for (int i = 0; i < DOCUMENTS; i++) {
      lines.append("{\"text\":\"").append(i).append(' ').append(text, i * 10, i * 10 + 1200).append("\"}\n");
    }
    source = InputFile.of(Files.writeString(folder.resolve("docs.jsonl"), lines));
    cache = folder.resolve("cache").resolve("docs.tokens");
  }

  private int[] expected() throws IOException {
    try (TokenStream stream = TokenStreams.ofDocuments(List.of(source), GPT2, DocumentOptions.DEFAULT, new DocumentReport(), 1)) {
      int[] ids = new int[1 << 21];
      return Arrays.copyOf(ids, stream.read(ids, 0, ids.length));
    }
  }

  private static int[] read(TokenSequence tokens, long from, int count) {
    int[] ids = new int[count];
    tokens.read(from, ids, 0, count);
    return ids;
  }

  private static TokenSequence open(Path input, CacheFolder cache) {
    return TokenSequences.open(InputFile.of(input), GPT2, cache, DocumentOptions.DEFAULT);
  }

  private TokenCache build() {
    return new TokenCacheBuilder(source, GPT2).openOrBuild(cache);
  }

  private static void assertFails(Executable action, String... words) {
    String message = assertThrows(DataException.class, action).getMessage();
    for (String word : words) {
      assertTrue(message.contains(word), message);
    }
  }

  @Test
  void holdsTheIdsOfTheSource() throws IOException {
    int[] expected = expected();
    TokenCache tokens = build();
    assertEquals(expected.length, tokens.length());
    assertEquals(DOCUMENTS, tokens.documents());
    assertEquals(50257, tokens.vocabSize());
    assertEquals("gpt2", tokens.tokenizer().name());
    assertTrue(expected.length > 3 * TokenCache.BLOCK_TOKENS, "several blocks");
    assertArrayEquals(expected, read(tokens, 0, expected.length));
    int at = TokenCache.BLOCK_TOKENS - 5;
    assertArrayEquals(Arrays.copyOfRange(expected, at, at + 10), read(tokens, at, 10));
    try (var files = Files.list(cache.getParent())) {
      assertEquals(List.of("docs.tokens", "docs.tokens.lock"), files.map(p -> p.getFileName().toString()).sorted().toList());
    }
  }

  @Test
  void aBuildThatBrokeOffGoesOn() throws IOException {
    byte[] whole;
    build();
    whole = Files.readAllBytes(cache);
    Files.delete(cache);
    AtomicInteger updates = new AtomicInteger();
    TokenCacheBuilder broken = new TokenCacheBuilder(source, GPT2).commitEvery(50_000).progress((name, done, total) -> {
      if (updates.incrementAndGet() == 3) {
        throw new IllegalStateException("killed");
      }
    });
    assertThrows(IllegalStateException.class, () -> broken.build(cache));
    assertFalse(Files.exists(cache));
    AtomicInteger rest = new AtomicInteger();
    new TokenCacheBuilder(source, GPT2).progress((name, done, total) -> rest.incrementAndGet()).build(cache);
    assertTrue(rest.get() < updates.get() + 2, rest + " parts after " + updates);
    assertArrayEquals(whole, Files.readAllBytes(cache));
    assertFalse(Files.exists(cache.resolveSibling("docs.tokens.part.json")));
  }

  @Test
  void aBrokenBuildOfAnotherSourceIsNotContinued() throws IOException {
    TokenCacheBuilder broken = new TokenCacheBuilder(source, GPT2).commitEvery(1).progress((name, done, total) -> {
      if (done > 100_000) {
        throw new IllegalStateException("killed");
      }
    });
    assertThrows(IllegalStateException.class, () -> broken.build(cache));
    Files.writeString(source.path(), "{\"text\":\"something else\"}\n");
    assertArrayEquals(GPT2.encode("something else"), read(build(), 0, 2));
  }

  @Test
  void severalThreadsBuildOnce() {
    AtomicInteger parts = new AtomicInteger();
    List<CompletableFuture<Void>> builds = IntStream.range(0, 3).mapToObj(i -> CompletableFuture.runAsync(
        () -> new TokenCacheBuilder(source, GPT2).progress((name, done, total) -> parts.incrementAndGet()).build(cache))).toList();
    builds.forEach(CompletableFuture::join);
    assertEquals(5, parts.get(), "1.1 MB in parts of 256 KiB");
  }

  @Test
  void staleCachesAreRefused() throws IOException {
    build();
    Files.setLastModifiedTime(source.path(), FileTime.fromMillis(12345));
    TokenCache.open(cache, source, GPT2); // The test touches the source and leaves its content.
    String text = Files.readString(source.path());
    Files.writeString(source.path(), text.replace("the", "eht"));
    assertFails(() -> TokenCache.open(cache, source, GPT2), "stale", "docs.jsonl", "delete the cache");
    Files.writeString(source.path(), text + "\n");
    assertFails(this::build, "stale");
  }

  @Test
  void otherTokenizersAreRefused() {
    build();
    assertFails(() -> TokenCache.open(cache, source, new Bytes()), "tokenizer gpt2", "expected bytes");
    assertFails(() -> TokenSequences.open(cache.toString(), new Bytes()), "tokenizer gpt2", "expected bytes");
  }

  @Test
  void damageIsFound() throws IOException {
    build();
    byte[] whole = Files.readAllBytes(cache);
    byte[] bad = whole.clone();
    bad[TokenCacheHeader.BYTES + 2 * TokenCache.BLOCK_TOKENS + 77] ^= 4;
    Files.write(cache, bad);
    TokenCache tokens = TokenCache.open(cache, source, GPT2);
    read(tokens, 0, 100);
    assertFails(() -> read(tokens, TokenCache.BLOCK_TOKENS - 1, 2), "damaged", "tokens 65536 to 131072");
    assertFails(() -> read(tokens, 0, (int) tokens.length()), "damaged");
    Files.write(cache, Arrays.copyOf(whole, whole.length - 3));
    assertFails(() -> TokenCache.open(cache), "damaged", String.valueOf(whole.length - 3), String.valueOf(whole.length));
    bad = whole.clone();
    bad[40] ^= 1;
    Files.write(cache, bad);
    assertFails(() -> TokenCache.open(cache), "checksum of its header");
    Files.writeString(cache, "something else");
    assertFails(() -> TokenCache.open(cache), "not a token cache");
    assertFails(() -> TokenCache.open(folder.resolve("none.tokens")), "does not exist");
  }

  @Test
  void documentsAreFoundFromTheEnd() throws IOException {
    TokenCache tokens = build();
    TokenSequence last = tokens.documents(DOCUMENTS - 2, DOCUMENTS);
    String text = GPT2.decode(read(last, 0, (int) last.length()));
    assertTrue(text.startsWith("898 ") && text.contains("<|endoftext|>899 "), text.substring(0, 30));
    TokenSequence train = tokens.documents(0, DOCUMENTS - 2);
    assertEquals(tokens.length(), train.length() + 1 + last.length());
    TokenSequence one = tokens.documents(0, 1);
    assertEquals("0 " + Excerpt.text().substring(0, 1200), GPT2.decode(read(one, 0, (int) one.length())));
    assertFails(() -> tokens.documents(5, 5), "documents 5 to 5");
    assertFails(() -> tokens.documents(0, DOCUMENTS + 1), "which has 900");
  }

  @Test
  void aFullDiskAndAFolderThatCannotBeWrittenAreNamed() throws IOException {
    Files.createDirectories(cache.getParent());
    Files.createSymbolicLink(cache.resolveSibling("docs.tokens.part"), Path.of("/dev/full"));
    assertFails(this::build, "cannot write", "docs.tokens", "No space left on device");
    assertFalse(Files.exists(cache));
    Path file = Files.createFile(folder.resolve("file"));
    assertFails(() -> new TokenCacheBuilder(source, GPT2).build(file.resolve("docs.tokens")), "cannot write", "docs.tokens");
    CacheFolder none = new CacheFolder(file, true);
    assertFails(() -> TokenSequences.open(source, GPT2, none, DocumentOptions.DEFAULT), "cannot keep the ids of",
        "; TARFLOWLM_CACHE names another folder");
  }

  @Test
  void sourcesWithoutTextAreRefused() throws IOException {
    Files.writeString(source.path(), "{\"text\":\"\"}\n");
    assertFails(this::build, "holds no document with text");
    assertFalse(Files.exists(cache));
  }

  @Test
  void foldersAreSources() throws IOException {
    Path docs = Files.createDirectories(folder.resolve("docs"));
    Files.writeString(docs.resolve("a.txt"), "one");
    Files.writeString(docs.resolve("b.txt"), "two");
    CacheFolder root = new CacheFolder(folder.resolve("root"), true);
    assertArrayEquals(new int[] {505, 50256, 11545}, read(open(docs, root), 0, 3));
    Files.writeString(docs.resolve("b.txt"), "too");
    assertArrayEquals(new int[] {505, 50256, 18820}, read(open(docs, root), 0, 3));
  }

  @Test
  void largeTextsAreCachedAndSmallOnesAreNot() throws IOException {
    CacheFolder root = new CacheFolder(folder.resolve("root"), true);
    Path small = Files.writeString(folder.resolve("small.txt"), "some text");
    assertEquals(2, open(small, root).length());
    assertFalse(Files.exists(root.root()));
    Path large = Files.writeString(folder.resolve("large.txt"), Excerpt.text().repeat(70));
    long tokens = open(large, root).length();
    assertEquals(GPT2.encode(Files.readString(large)).length, tokens);
    assertTrue(Files.exists(TokenSequences.cacheFile(InputFile.of(large), GPT2, root, DocumentOptions.DEFAULT)));
  }
}
