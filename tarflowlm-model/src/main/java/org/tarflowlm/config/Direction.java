package org.tarflowlm.config;

/** The order in which a flow reads the positions of a sequence; the paper alternates the two (section 3.3). */
public enum Direction {
  LEFT_TO_RIGHT,
  RIGHT_TO_LEFT;

  public Direction opposite() {
    return this == LEFT_TO_RIGHT ? RIGHT_TO_LEFT : LEFT_TO_RIGHT;
  }
}
