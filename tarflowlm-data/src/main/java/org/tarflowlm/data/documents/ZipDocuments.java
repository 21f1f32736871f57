package org.tarflowlm.data.documents;

import java.io.IOException;
import java.util.Iterator;
import org.tarflowlm.data.DataException;
import org.tarflowlm.data.file.ZipMembers;

/** Documents of a zip archive of several files. */
final class ZipDocuments extends MemberDocuments {
  private final ZipMembers zip;
  private final String name;
  private final Iterator<String> members;

  ZipDocuments(ZipMembers zip, String name, DocumentOptions options, DocumentReport report, int depth) {
    super(options, report, depth);
    this.zip = zip;
    this.name = name;
    this.members = zip.names().iterator();
    if (zip.names().size() > options.limits().archiveEntries()) {
      throw new DataException(name + " has more than " + options.limits().archiveEntries() + " entries, the limit");
    }
  }

  @Override
  Member nextMember() {
    if (!members.hasNext()) {
      return null;
    }
    String member = members.next();
    requireInside(name, member);
    return new Member(name + "#" + member, zip.length(member), () -> zip.open(member));
  }

  @Override
  public void close() throws IOException {
    super.close();
    zip.close();
  }
}
