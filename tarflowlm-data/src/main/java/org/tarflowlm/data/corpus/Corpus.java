package org.tarflowlm.data.corpus;

import java.util.List;
import java.util.Locale;
import java.util.stream.Collectors;
import org.tarflowlm.data.DataException;
import org.tarflowlm.data.file.RemoteFile;
import org.tarflowlm.data.tokenize.Tokenizer;
import org.tarflowlm.data.tokenize.Tokenizers;

/**
 * A corpus of the literature: where it comes from, how to check it, and how it is split.
 *
 * @param name its name
 * @param description one line
 * @param homepage page on which its makers describe it
 * @param licence licence of its texts
 * @param archive the published file with its length and SHA-256
 * @param content what the archive contains
 * @param tokenizerName the tokenizer that the literature uses with it
 * @param splits the literature's parts, in order
 */
public record Corpus(String name, String description, String homepage, String licence, RemoteFile archive, Content content,
    String tokenizerName, List<Split> splits) {
  /** Pattern of a corpus's name. */
  static final String NAME = "[A-Za-z0-9][A-Za-z0-9_.-]+";

  /** @throws DataException if something is missing, or the name does not match the pattern */
  public Corpus {
    if (name == null || !name.matches(NAME)) {
      throw new DataException("name of a corpus is \"" + name + "\"; expected two or more letters, digits, '-', '_' or '.'");
    }
    if (archive == null || content == null || tokenizerName == null || splits == null) {
      throw new DataException("corpus " + name + " lacks " + (archive == null ? "archive" : content == null ? "content"
          : tokenizerName == null ? "tokenizerName" : "splits"));
    }
    splits = List.copyOf(splits);
  }

  /**
   * The text in an archive of one file.
   *
   * @param member its name in the zip archive, or null if the archive is a collection of documents
   * @param length unpacked length in bytes, or {@link RemoteFile#UNKNOWN}
   * @param sha256 hash of the unpacked text, or null if none is given; then only the archive's own hash is checked
   */
  public record Content(String member, long length, String sha256) {
  }

  /** Unit in which a split counts. */
  public enum Unit {
    /** Tokens from the start of the text. */
    TOKENS,
    /** Documents, counted from the first, or from the end if negative. */
    DOCUMENTS
  }

  /**
   * A part of a corpus: units [from, to).
   *
   * @param name train, valid or test
   * @param unit what is counted
   * @param from the first unit
   * @param to one past the last; {@link #END} or 0 for all that remain
   */
  public record Split(String name, Unit unit, long from, long to) {
    public static final long END = Long.MAX_VALUE;

    /** @throws DataException if name or unit is missing */
    public Split {
      if (name == null || unit == null) {
        throw new DataException("part " + name + " lacks " + (name == null ? "a name" : "its unit") + " of TOKENS or DOCUMENTS");
      }
      to = to == 0 ? END : to;
    }

    /** Its size in words, such as "90,000,000 tokens" or "all documents but the last 100,000". */
    public String size() {
      String units = unit.name().toLowerCase(Locale.ROOT);
      if (from >= 0 && to < 0) {
        return String.format(Locale.ROOT, "all %s but the last %,d%s", units, -to, from == 0 ? "" : " and the first " + from);
      } else if (to == END) {
        return from < 0 ? String.format(Locale.ROOT, "the last %,d %s", -from, units)
            : String.format(Locale.ROOT, "all %s from the %,dth on", units, from);
      }
      return String.format(Locale.ROOT, "%,d %s", to - from, units);
    }
  }

  /** The file's name in the cache. */
  public String fileName() {
    String path = archive.uri().getPath();
    return path.substring(path.lastIndexOf('/') + 1);
  }

  public Tokenizer tokenizer() {
    return Tokenizers.byName(tokenizerName);
  }

  /** The parts as a command takes them: {@code text8:train, text8:valid ...}. */
  public String partNames() {
    return splits.stream().map(split -> name + ":" + split.name()).collect(Collectors.joining(", "));
  }

  /** @throws DataException if there is no part of that name */
  public Split split(String splitName) {
    return splits.stream().filter(s -> s.name().equals(splitName)).findFirst().orElseThrow(() -> new DataException("corpus " + name
        + " has no part \"" + splitName + "\"; expected one of " + String.join(", ", splits.stream().map(Split::name).toList())));
  }
}
