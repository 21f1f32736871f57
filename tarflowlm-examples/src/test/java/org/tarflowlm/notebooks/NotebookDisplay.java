package org.tarflowlm.notebooks;

import java.awt.image.BufferedImage;
import java.util.ArrayList;
import java.util.List;

/** Stands in for the kernel's display functions in a notebook, and remembers the types that it showed. */
public final class NotebookDisplay {
  private static final List<String> SHOWN = new ArrayList<>();

  private NotebookDisplay() {}

  /** Shows something, like the kernel's function of that name. */
  public static String display(Object shown) {
    SHOWN.add("display_data " + type(shown));
    return "id-" + SHOWN.size();
  }

  /** Shows something in place of an earlier display. */
  public static void updateDisplay(String id, Object shown) {
    int index = Integer.parseInt(id.substring("id-".length())) - 1;
    SHOWN.set(index, "display_data " + type(shown));
  }

  /** Keeps the value of a cell. */
  public static void result(Object value) {
    if (value != null) {
      SHOWN.add("execute_result " + type(value));
    }
  }

  static List<String> take() {
    List<String> taken = List.copyOf(SHOWN);
    SHOWN.clear();
    return taken;
  }

  private static String type(Object shown) {
    return shown instanceof BufferedImage ? "image/png" : "text/plain";
  }
}
