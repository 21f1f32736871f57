package org.tarflowlm.data.tokens;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.tarflowlm.data.DataException;
import org.tarflowlm.data.documents.DocumentOptions;
import org.tarflowlm.data.documents.DocumentReport;
import org.tarflowlm.data.documents.DocumentSource;
import org.tarflowlm.data.documents.DocumentSources;
import org.tarflowlm.data.file.AtomicFile;
import org.tarflowlm.data.file.InputFile;
import org.tarflowlm.data.tokenize.Tokenizers;

/** Compares shards with a cache of the whole corpus. */
class TokenShardsTest {
  private static final List<String> DOCUMENTS = List.of("call me ishmael", "a", "some years ago", "the sea", "b", "never mind");

  @TempDir private Path folder;
  private TokenSequence whole;

  @BeforeEach
  void build() throws IOException {
    whole = cache(folder.resolve("whole.tokens"), DOCUMENTS);
    List<TokenShards.Shard> shards = new ArrayList<>();
    Path parts = Files.createDirectory(folder.resolve("parts"));
    for (List<String> part : List.of(DOCUMENTS.subList(0, 1), DOCUMENTS.subList(1, 2), DOCUMENTS.subList(2, 6))) {
      String name = "shard-" + shards.size() + ".tokens";
      TokenCache cache = cache(parts.resolve(name), part);
      shards.add(new TokenShards.Shard(name, cache.length(), cache.documents()));
    }
    write(parts, new TokenShards.Index("gpt2", 6, shards));
  }

  private static void write(Path parts, TokenShards.Index index) throws IOException {
    new ObjectMapper().writeValue(parts.resolve(TokenShards.INDEX).toFile(), index);
  }

  private TokenCache cache(Path file, List<String> documents) throws IOException {
    Path source = folder.resolve(file.getFileName() + ".jsonl");
    Files.write(source, documents.stream().map(each -> "{\"text\": \"" + each + "\"}").toList());
    return new TokenCacheBuilder(InputFile.of(source), Tokenizers.byName("gpt2")).threads(1).openOrBuild(file);
  }

  @Test
  void everyPieceHasTheIdsOfTheWhole() {
    try (TokenSequence joined = TokenSequences.open(folder.resolve("parts").toString(), Tokenizers.byName("gpt2"))) {
      int length = (int) whole.length();
      assertEquals(length, joined.length());
      assertEquals(whole.vocabSize(), joined.vocabSize());
      int[] all = new int[length];
      whole.read(0, all, 0, length);
      for (int from = 0; from <= length; from++) {
        for (int count = 0; count <= length - from; count++) {
          int[] ids = new int[count];
          joined.read(from, ids, 0, count);
          int[] expected = new int[count];
          System.arraycopy(all, from, expected, 0, count);
          assertArrayEquals(expected, ids, from + " + " + count);
        }
      }
      assertThrows(IndexOutOfBoundsException.class, () -> joined.read(length, new int[1], 0, 1));
      assertNotEquals("", joined.contentHash());
    }
  }

  @Test
  void aStreamedShardIsTheCacheOfItsDocuments() throws IOException {
    List<String> documents = Collections.nCopies(300, "call me ishmael. some years ago, never mind how long precisely. ".repeat(50));
    Path file = folder.resolve("streamed.tokens");
    try (TokenCache cache = cache(folder.resolve("long.tokens"), documents)) {
      TokenShardBuilder shard = new TokenShardBuilder(Tokenizers.byName("gpt2"), DocumentOptions.DEFAULT, folder.resolve("scratch"));
      try (DocumentSource source = DocumentSources.open(InputFile.of(folder.resolve("long.tokens.jsonl")),
          DocumentOptions.DEFAULT, new DocumentReport())) {
        shard.add(source, new DocumentReport(), "documents", 1, "fingerprint");
      }
      AtomicFile.write(file, shard);
      assertTrue(shard.tokens() > 3 * TokenCache.BLOCK_TOKENS, "too few blocks for the test");
      try (TokenCache streamed = TokenCache.open(file)) {
        assertEquals(List.of(cache.length(), cache.documents(), cache.contentHash()),
            List.of(streamed.length(), streamed.documents(), streamed.contentHash()));
        int[] ids = new int[(int) cache.length()];
        int[] expected = new int[ids.length];
        streamed.read(0, ids, 0, ids.length); // checks every block
        cache.read(0, expected, 0, ids.length);
        assertArrayEquals(expected, ids);
      }
    }
    assertEquals("fingerprint", TokenCacheHeader.parse(Files.readAllBytes(file), file).sourceHash());
  }

  @Test
  void whatDoesNotFitIsTold() throws IOException {
    Path parts = folder.resolve("parts");
    assertTrue(assertThrows(DataException.class, () -> TokenSequences.open(parts.toString(), Tokenizers.byName("bytes"))).getMessage()
        .endsWith("holds ids of tokenizer gpt2; expected bytes"));
    Files.delete(parts.resolve("shard-1.tokens"));
    assertTrue(assertThrows(DataException.class, () -> TokenShards.open(parts)).getMessage().endsWith("shard-1.tokens does not exist"));
    write(parts, new TokenShards.Index("gpt2", 6, List.of(new TokenShards.Shard("shard-0.tokens", 99, 1))));
    assertTrue(assertThrows(DataException.class, () -> TokenShards.open(parts)).getMessage().endsWith("expected 99 of gpt2"));
    write(parts, new TokenShards.Index("gpt2", 0, List.of()));
    assertTrue(assertThrows(DataException.class, () -> TokenShards.open(parts)).getMessage().contains("lists no shards"));
  }
}
