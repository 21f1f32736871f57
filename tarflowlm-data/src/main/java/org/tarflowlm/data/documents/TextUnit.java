package org.tarflowlm.data.documents;

import java.text.BreakIterator;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;

/** Unit of text that becomes one sequence. */
public enum TextUnit {
  /** A whole document, or a whole file if it is not a collection (see {@link DocumentSources}). */
  DOCUMENT,
  /** A line, without its line end; blank lines are left out. */
  LINE,
  /** A sentence, as {@link BreakIterator} finds it in a paragraph. White space around it is dropped; line breaks in it become spaces. */
  SENTENCE;

  /** Splits a text into units; the last one may continue. */
  public List<String> split(String text) {
    return switch (this) {
      case DOCUMENT -> List.of(text);
      case LINE -> List.of(text.split("\r\n|\n|\r", -1));
      case SENTENCE -> sentences(text);
    };
  }

  /** The form of a unit that is tokenised; empty if the unit is to be left out. */
  public String clean(String unit) {
    return switch (this) {
      case DOCUMENT -> unit;
      case LINE -> unit.isBlank() ? "" : unit;
      case SENTENCE -> unit.strip().replaceAll("\\s*[\r\n]+\\s*", " ");
    };
  }

  /** Paragraphs end sentences even without a full stop: headings, verse, lists. */
  private static List<String> sentences(String text) {
    List<String> result = new ArrayList<>();
    BreakIterator breaks = BreakIterator.getSentenceInstance(Locale.ROOT);
    for (String paragraph : text.split("(?<=\n)(?=\r?\n)")) {
      // a line break is white space here; BreakIterator would take it for the end of a paragraph
      breaks.setText(paragraph.replace('\n', ' ').replace('\r', ' '));
      int start = breaks.first();
      for (int end = breaks.next(); end != BreakIterator.DONE; start = end, end = breaks.next()) {
        result.add(paragraph.substring(start, end));
      }
    }
    return result.isEmpty() ? List.of("") : result;
  }
}
