package org.tarflowlm.eval;

import org.tarflowlm.data.DataException;
import org.tarflowlm.data.tokens.TokenSequence;

/** Chooses the windows of a text on which something is measured. */
public final class TokenWindows {
  private TokenWindows() {}

  /**
   * Windows spread evenly over a text, at multiples of their length; every call returns the same ones.
   *
   * @param length tokens in a window
   * @param most number of windows; fewer if the text has fewer
   * @return [windows][length]
   * @throws DataException if the text is shorter than a window
   */
  public static int[][] spread(TokenSequence tokens, int length, int most) {
    long available = tokens.length() / length;
    if (available < 1) {
      throw new DataException("the text has " + tokens.length() + " tokens; expected at least one window of " + length);
    }
    int[][] windows = new int[(int) Math.min(available, most)][length];
    for (int i = 0; i < windows.length; i++) {
      tokens.read(available * i / windows.length * length, windows[i], 0, length);
    }
    return windows;
  }

  /**
   * Pieces spread evenly over a text: the first begins at its start, the last ends at its end. Pieces may overlap.
   *
   * @param name of the text, for messages
   * @return [pieces][length]
   * @throws DataException if the text is shorter than a piece
   */
  public static int[][] toTheEnds(String name, TokenSequence tokens, int length, int pieces) {
    if (tokens.length() < length) {
      throw new DataException(name + " has " + tokens.length() + " tokens; expected at least " + length);
    }
    int[][] result = new int[pieces][length];
    for (int i = 0; i < pieces; i++) {
      tokens.read(pieces == 1 ? 0 : (tokens.length() - length) * i / (pieces - 1), result[i], 0, length);
    }
    return result;
  }
}
