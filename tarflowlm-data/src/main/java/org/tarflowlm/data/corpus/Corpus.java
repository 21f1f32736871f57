package org.tarflowlm.data.corpus;

import java.util.List;
import org.tarflowlm.data.DataException;
import org.tarflowlm.data.file.RemoteFile;
import org.tarflowlm.data.tokenize.Tokenizer;
import org.tarflowlm.data.tokenize.Tokenizers;

/**
 * A corpus of the literature: where it comes from, what it must be, and how it is split.
 *
 * @param name by which it is asked for
 * @param description one line
 * @param homepage where its makers describe it
 * @param licence of its texts
 * @param archive the published file with its length and SHA-256
 * @param content what is in the archive
 * @param tokenizerName the tokenizer that the literature uses with it
 * @param splits the literature's parts, in order
 */
public record Corpus(String name, String description, String homepage, String licence, RemoteFile archive, Content content,
    String tokenizerName, List<Split> splits) {

  /**
   * The text in an archive of one file.
   *
   * @param member its name in the zip archive, or null if the archive is a collection of documents
   * @param length bytes when unpacked, or {@link RemoteFile#UNKNOWN}
   * @param sha256 when unpacked, or null if not pinned: the archive's own hash then vouches for it
   */
  public record Content(String member, long length, String sha256) {
  }

  /** What positions of a split count. */
  public enum Unit {
    /** Tokens from the start of the text. */
    TOKENS,
    /** Documents: from the first one, or if negative from the end. */
    DOCUMENTS
  }

  /**
   * A part of a corpus: units [from, to).
   *
   * @param name train, valid or test
   * @param unit what is counted
   * @param from first
   * @param to one past the last; {@link #END} for all that are left
   */
  public record Split(String name, Unit unit, long from, long to) {
    public static final long END = Long.MAX_VALUE;
  }

  /** The file's name in the cache. */
  public String fileName() {
    String path = archive.uri().getPath();
    return path.substring(path.lastIndexOf('/') + 1);
  }

  public Tokenizer tokenizer() {
    return Tokenizers.byName(tokenizerName);
  }

  /** @throws DataException if there is no part of that name */
  public Split split(String splitName) {
    return splits.stream().filter(s -> s.name().equals(splitName)).findFirst().orElseThrow(() -> new DataException("corpus " + name
        + " has no part \"" + splitName + "\"; expected one of " + String.join(", ", splits.stream().map(Split::name).toList())));
  }
}
