package org.tarflowlm.spark;

import java.nio.charset.StandardCharsets;
import org.tarflowlm.data.tokenize.Tokenizer;

/** Tokenises bytes slowly, so that an executor can die at work. */
public final class SlowTokenizer implements Tokenizer {
  @Override
  public String name() {
    return "slow";
  }

  @Override
  public int vocabSize() {
    return 257;
  }

  @Override
  public int separator() {
    return 256;
  }

  @Override
  public int[] encode(String text) {
    Slow.sleep(200);
    byte[] bytes = text.getBytes(StandardCharsets.UTF_8);
    int[] ids = new int[bytes.length];
    for (int i = 0; i < ids.length; i++) {
      ids[i] = bytes[i] & 0xff;
    }
    return ids;
  }

  @Override
  public byte[] decodeBytes(int[] ids) {
    byte[] bytes = new byte[ids.length];
    for (int i = 0; i < ids.length; i++) {
      bytes[i] = (byte) ids[i];
    }
    return bytes;
  }
}
