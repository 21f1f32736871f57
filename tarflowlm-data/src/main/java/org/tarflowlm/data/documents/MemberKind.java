package org.tarflowlm.data.documents;

import java.util.Locale;
import org.tarflowlm.data.file.FileNames;

/** Kind of a corpus's file, detected from its name. */
enum MemberKind {
  /** One document. */
  TEXT,
  /** A document for each JSON object. */
  JSON_LINES,
  /** A tar, plain or compressed. */
  TAR,
  ZIP,
  /** No documents. */
  OTHER;

  /** The kind of a file that the user names: also a lone .xz is what its content says. */
  static MemberKind of(String fileName) {
    String name = fileName.toLowerCase(Locale.ROOT);
    String unpacked = FileNames.withoutCompression(name);
    if (unpacked.endsWith(".txt")) {
      return TEXT;
    }
    if (unpacked.matches(".*\\.(jsonl|ndjson|jsonlines)")) {
      return JSON_LINES;
    }
    if (unpacked.endsWith(".tar") || name.matches(".*\\.(tgz|tbz2?|txz|tzst|tlz|taz)")) {
      return TAR;
    }
    return name.endsWith(".zip") ? ZIP : OTHER;
  }

  /** The kind of a file in a folder or archive, where OpenWebText's {@code urlsf_subset00-1_data.xz} is a tar. */
  static MemberKind ofMember(String fileName) {
    MemberKind kind = of(fileName);
    return kind == OTHER && fileName.toLowerCase(Locale.ROOT).endsWith(".xz") ? TAR : kind;
  }
}
