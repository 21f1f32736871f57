package org.tarflowlm.data.corpus;

import java.io.IOException;
import java.io.InputStream;
import java.util.List;
import org.tarflowlm.data.documents.DocumentOptions;
import org.tarflowlm.data.documents.DocumentReport;
import org.tarflowlm.data.documents.DocumentSources;
import org.tarflowlm.data.file.InputFile;
import org.tarflowlm.data.file.IoErrors;
import org.tarflowlm.data.tokenize.ByteTokenizer;
import org.tarflowlm.data.tokenize.Tokenizer;
import org.tarflowlm.data.tokens.TokenSequence;
import org.tarflowlm.data.tokens.TokenStream;
import org.tarflowlm.data.tokens.TokenStreams;

/**
 * Statistics of a file under one tokenizer.
 *
 * @param input the file
 * @param tokenizer name of the tokenizer
 * @param bytes length on disk, or -1 if unknown
 * @param tokens number of ids, including separators between documents
 * @param documents number of documents with text; 1 for a running text; -1 if unknown
 * @param distinct number of different ids that occur
 * @param vocabSize number of different ids that are possible
 * @param unigramBits entropy of the id frequencies, in bits per token: the score of a model that knows these frequencies alone
 * @param foreign number of bytes outside the alphabet (byte-level tokenizers)
 * @param firstForeign offset of the first such byte, or -1
 * @param badDocuments number of bad documents, which are left out; see BadDocuments
 * @param firstBad what is wrong with one of them, or null
 * @param emptyDocuments number of documents without text, which are left out
 * @param otherFiles number of files of another kind beside the documents
 * @param firstOther the first of them, or null
 */
public record CorpusStats(String input, String tokenizer, long bytes, long tokens, long documents, int distinct, int vocabSize,
    double unigramBits, long foreign, long firstForeign, long badDocuments, String firstBad, long emptyDocuments, long otherFiles,
    String firstOther) {

  /**
   * Reads the whole input.
   *
   * @throws org.tarflowlm.data.DataException if it cannot be read or is damaged, or if it has a bad document and the options do not
   *     allow leaving that out
   */
  public static CorpusStats of(InputFile input, Tokenizer tokenizer, DocumentOptions options) {
    long bytes = DocumentSources.bytes(input);
    return IoErrors.reading(input, () -> tokenizer instanceof ByteTokenizer byteTokenizer && !DocumentSources.isCollection(input)
        ? ofBytes(input, byteTokenizer, bytes) : ofDocuments(input, tokenizer, bytes, options));
  }

  /** Statistics of an open text, such as a part of a corpus. Its length on disk and number of documents are unknown. */
  public static CorpusStats of(String name, TokenSequence tokens, Tokenizer tokenizer) {
    long[] counts = IoErrors.reading(name, () -> counts(tokens.stream(), tokenizer));
    return of(name, tokenizer, -1, -1, counts, 0, -1, new DocumentReport());
  }

  /** How often each id occurs. */
  private static long[] counts(TokenStream tokens, Tokenizer tokenizer) throws IOException {
    long[] counts = new long[tokenizer.vocabSize()];
    int[] ids = new int[1 << 14];
    int n;
    do {
      n = tokens.read(ids, 0, ids.length);
      for (int i = 0; i < n; i++) {
        counts[ids[i]]++;
      }
    } while (n == ids.length);
    return counts;
  }

  private static CorpusStats ofBytes(InputFile input, ByteTokenizer tokenizer, long bytes) throws IOException {
    short[] table = tokenizer.table();
    long[] counts = new long[tokenizer.vocabSize()];
    long foreign = 0;
    long firstForeign = -1;
    long offset = 0;
    byte[] buffer = new byte[1 << 16];
    try (InputStream in = input.open()) {
      for (int n = in.read(buffer); n >= 0; n = in.read(buffer)) {
        for (int i = 0; i < n; i++) {
          int id = table[buffer[i] & 0xff];
          if (id >= 0) {
            counts[id]++;
          } else if (foreign++ == 0) {
            firstForeign = offset + i;
          }
        }
        offset += n;
      }
    }
    return of(input.toString(), tokenizer, bytes, 1, counts, foreign, firstForeign, new DocumentReport());
  }

  private static CorpusStats ofDocuments(InputFile input, Tokenizer tokenizer, long bytes, DocumentOptions options) throws IOException {
    DocumentReport report = new DocumentReport();
    try (TokenStream tokens = TokenStreams.ofDocuments(List.of(input), tokenizer, options, report,
        Runtime.getRuntime().availableProcessors())) {
      long[] counts = counts(tokens, tokenizer);
      return of(input.toString(), tokenizer, bytes, report.documents(), counts, 0, -1, report);
    }
  }

  private static CorpusStats of(String input, Tokenizer tokenizer, long bytes, long documents, long[] counts, long foreign,
      long firstForeign, DocumentReport report) {
    long tokens = 0;
    int distinct = 0;
    for (long count : counts) {
      tokens += count;
      distinct += count > 0 ? 1 : 0;
    }
    double bits = 0;
    for (long count : counts) {
      bits -= count == 0 ? 0 : (double) count / tokens * Math.log((double) count / tokens) / Math.log(2);
    }
    return new CorpusStats(input, tokenizer.name(), bytes, tokens, documents, distinct, counts.length, bits, foreign,
        firstForeign, report.bad(), report.firstBad(), report.emptyDocuments(), report.others(), report.firstOther());
  }
}
