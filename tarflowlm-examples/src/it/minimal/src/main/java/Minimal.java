import org.tarflowlm.TarFlowLM;

public class Minimal {
  public static void main(String[] args) {
    long begin = System.nanoTime();
    // as in a fat jar: the context class loader does not see the jars
    Thread.currentThread().setContextClassLoader(ClassLoader.getPlatformClassLoader());
    try (TarFlowLM model = TarFlowLM.pretrained()) {
      double bits = model.score("call me ishmael some years ago never mind how long precisely").bitsPerCharacter();
      System.out.printf("first score after %d ms%n", (System.nanoTime() - begin) / 1_000_000);
      System.out.println("bits " + bits);
      System.out.println("text [" + model.generate("the whale ").text() + "]");
    }
  }
}
