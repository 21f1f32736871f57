package org.tarflowlm.cli;


/** Shared parts of all pages: each is self-contained, loads nothing, and follows the reader's choice of dark or light. */
final class Html {
  private static final String HEAD = """
      <!DOCTYPE html>
      <html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1">
      <title>%1$s</title>
      <style>
      :root { color-scheme: light dark; --ink: #222; --paper: #fdfdfb; --line: #ccc; --soft: #777; }
      @media (prefers-color-scheme: dark) { :root { --ink: #eee; --paper: #1c1c1c; --line: #444; --soft: #aaa; } }
      body { font: 15px/1.5 system-ui, sans-serif; color: var(--ink); background: var(--paper); margin: 1.5rem; max-width: 60rem; }
      h1 { font-size: 1.2rem; } .soft { color: var(--soft); }
      .text { font: 16px/1.9 ui-monospace, monospace; white-space: pre-wrap; overflow-wrap: anywhere; }
      %2$s
      </style></head><body><h1>%1$s</h1>
      """;

  private Html() {}

  static String head(String title, String style) {
    return String.format(HEAD, escape(title), style);
  }

  static String escape(String text) {
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;").replace("\"", "&quot;");
  }
}
