package org.tarflowlm.eval;

import org.tarflowlm.data.DataException;
import org.tarflowlm.data.tokens.TokenSequence;

/** Windows of a text to measure on. */
public final class TokenWindows {
  private TokenWindows() {}

  /**
   * Windows spread evenly over a text, at whole multiples of their length: the same ones at every call.
   *
   * @param length tokens of a window
   * @param most how many; fewer if the text has fewer
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
   * Pieces of a text, spread evenly over it: the first from its start, the last to its end. They overlap where there are many.
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
