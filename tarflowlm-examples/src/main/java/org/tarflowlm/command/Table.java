package org.tarflowlm.command;

import java.util.List;

/** A Markdown table. */
public final class Table {
  private final StringBuilder text = new StringBuilder();

  public Table(List<String> names) {
    row(names);
    text.append("|---".repeat(names.size())).append("|\n");
  }

  public void row(List<String> cells) {
    text.append("| ").append(String.join(" | ", cells)).append(" |\n");
  }

  /** The table as Markdown; each line ends with a newline. */
  @Override
  public String toString() {
    return text.toString();
  }
}
