package org.tarflowlm.data.documents;

import java.io.IOException;
import java.util.Iterator;
import java.util.List;
import org.tarflowlm.data.DataException;
import org.tarflowlm.data.file.ZipMembers;

/** Documents of a zip archive of several files. */
final class ZipDocuments extends MemberDocuments {
  private final ZipMembers zip;
  private final String name;
  private final Iterator<ZipMembers.Member> members;

  ZipDocuments(ZipMembers zip, String name, DocumentOptions options, DocumentReport report, int depth) {
    super(options, report, depth);
    this.zip = zip;
    this.name = name;
    List<ZipMembers.Member> all = zip.members();
    this.members = all.iterator();
    if (all.size() > options.limits().archiveEntries()) {
      throw new DataException(name + " has more than " + options.limits().archiveEntries() + " entries, the limit");
    }
  }

  @Override
  Member nextMember() {
    if (!members.hasNext()) {
      return null;
    }
    ZipMembers.Member member = members.next();
    requireInside(name, member.path());
    return new Member(name + "#" + member.path(), member.length(), member::open);
  }

  @Override
  public void close() throws IOException {
    super.close();
    zip.close();
  }
}
