package org.tarflowlm.data.documents;

import java.util.Locale;
import org.tarflowlm.data.file.FileNames;

/** Kind of a corpus's file, detected from its name. */
enum MemberKind {
  /** The file is one document. */
  TEXT,
  /** Each JSON object is a document. */
  JSON_LINES,
  /** A tar archive, plain or compressed. */
  TAR,
  ZIP,
  /** The file holds no documents. */
  OTHER;

  /** The kind of a file that the user names. A lone .xz file is OTHER here: its content decides. */
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
