package org.tarflowlm.cli;

import org.tarflowlm.data.corpus.Corpora;
import org.tarflowlm.data.documents.BadDocuments;
import org.tarflowlm.data.documents.DocumentOptions;
import picocli.CommandLine.Option;

/** Options for reading documents, for every command that takes a text. */
final class DocumentArguments {
  @Option(names = "--text-field", paramLabel = "NAME", description = "Field of a JSON object that holds the text; dots separate nested "
      + "names, as in page.body (default: text).")
  private String textField = "text";

  @Option(names = "--bad-documents", paramLabel = "WHAT", description = "What to do with a document that is not UTF-8, or a line of JSON "
      + "that is invalid or has no text: fail (default) names the place, skip counts it, replace replaces invalid UTF-8.")
  private BadDocuments bad = BadDocuments.FAIL;

  DocumentOptions options() {
    return DocumentOptions.DEFAULT.withTextField(textField).withBad(bad);
  }

  Corpora corpora() {
    return Corpora.fromEnvironment().with(options());
  }
}
