package org.tarflowlm.serve;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.awt.image.BufferedImage;
import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.File;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.logging.Level;
import java.util.stream.Stream;
import javax.imageio.ImageIO;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.condition.EnabledIf;
import org.openqa.selenium.By;
import org.openqa.selenium.Keys;
import org.openqa.selenium.OutputType;
import org.openqa.selenium.WebElement;
import org.openqa.selenium.chrome.ChromeDriver;
import org.openqa.selenium.chrome.ChromeDriverService;
import org.openqa.selenium.chrome.ChromeOptions;
import org.openqa.selenium.logging.LogEntry;
import org.openqa.selenium.logging.LogType;
import org.openqa.selenium.logging.LoggingPreferences;
import org.tarflowlm.TarFlowLM;

/**
 * The page in a real browser: headless Chromium with its driver, as Debian's packages chromium and chromium-driver bring them. Without
 * them its tests are skipped, and counted as such: a class that an assumption ends before its first test would count none.
 * -Dtarflowlm.screenshots=FOLDER keeps what it saw.
 */
@EnabledIf(value = "isBrowserInstalled",
    disabledReason = "needs chromium and chromedriver on the PATH (Debian: apt-get install chromium chromium-driver)")
class PlaygroundPageTest {
  private static final Duration PATIENCE = Duration.ofSeconds(120);

  private static PlaygroundServer server;
  private static ChromeDriver browser;

  @BeforeAll
  static void open() {
    server = new PlaygroundServer(List.of(TarFlowLM.pretrained(), TarFlowLM.pretrained("text8-ar")),
        ServeOptions.defaults().withAddress("127.0.0.1", 0));
    ChromeOptions options = new ChromeOptions();
    options.setBinary(chromium().orElseThrow());
    options.addArguments("--headless=new", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage", "--force-prefers-reduced-motion",
        "--disable-background-networking");
    LoggingPreferences logs = new LoggingPreferences();
    logs.enable(LogType.BROWSER, Level.ALL);
    options.setCapability("goog:loggingPrefs", logs);
    ChromeDriverService service = new ChromeDriverService.Builder().usingDriverExecutable(driver().orElseThrow()).usingAnyFreePort()
        .withTimeout(PATIENCE).build();
    browser = new ChromeDriver(service, options);
    browser.manage().timeouts().pageLoadTimeout(PATIENCE).scriptTimeout(PATIENCE);
  }

  static boolean isBrowserInstalled() {
    return chromium().isPresent() && driver().isPresent();
  }

  private static Optional<File> chromium() {
    return program("chromium", "chromium-browser", "google-chrome");
  }

  private static Optional<File> driver() {
    return program("chromedriver");
  }

  private static Optional<File> program(String... names) {
    return Stream.of(names).flatMap(name -> Stream.of(System.getenv().getOrDefault("PATH", "").split(File.pathSeparator))
        .map(folder -> new File(folder, name))).filter(File::canExecute).findFirst();
  }

  @AfterAll
  static void close() {
    if (browser != null) {
      browser.quit();
    }
    if (server != null) {
      server.close();
    }
  }

  @BeforeEach
  void load() {
    resize(900, 760);
    browser.get("http://127.0.0.1:" + server.address().getPort() + "/");
    awaitStatus("Ready.");
  }

  /** What the browser complains of: a script that fails, or a resource that the content policy forbids. */
  @AfterEach
  void nothingWentWrongInTheBrowser() {
    List<String> complaints = browser.manage().logs().get(LogType.BROWSER).getAll().stream()
        .filter(each -> each.getLevel().intValue() >= Level.WARNING.intValue()).map(LogEntry::getMessage).toList();
    assertEquals(List.of(), complaints);
  }

  @Test
  void writesPassByPass() throws IOException {
    set("length", "64");
    type("the whale ");
    click("write");
    awaitStatus("Done.");
    String text = text();
    assertTrue(text.startsWith("the whale ") && text.length() == 74, text);
    assertFalse(browser.findElements(By.cssSelector("#text .changed")).isEmpty(), "the last flow's edits are marked");
    screenshot("writing");
    set("pass", "0");
    assertNotEquals(text, text(), "the noise is another text");
    assertTrue(find("source").getText().startsWith("Noise"));
    set("pass", "2");
    assertEquals(text, text());
  }

  @Test
  void draggingADialWritesAnewWithTheSameSeed() {
    set("length", "32");
    click("write");
    awaitStatus("Done.");
    String seed = find("seed").getDomProperty("value");
    String warm = text();
    set("temperature", "0.3");
    await("another text", () -> !text().equals(warm) && status().equals("Done."));
    assertEquals(seed, find("seed").getDomProperty("value"));
    set("temperature", "1");
    await("the first text", () -> text().equals(warm) && status().equals("Done."));
  }

  @Test
  void streamsLetterByLetter() throws IOException {
    browser.findElement(By.cssSelector("#model option[value=text8-ar]")).click();
    set("length", "120");
    type("the whale ");
    click("write");
    await("a part of the text", () -> text().length() > 10);
    awaitStatus("Done.");
    assertEquals(130, text().length());
    assertFalse(find("passes").isDisplayed(), "a discrete model has no passes");
    screenshot("streaming");
  }

  @Test
  void fillsAGap() throws IOException {
    type("the captain of the [16] in the night");
    set("refinements", "8");
    click("write");
    awaitStatus("Done.");
    assertTrue(text().startsWith("the captain of the ") && text().endsWith(" in the night"), text());
    assertEquals("the captain of the  in the night".length() + 16, text().length());
    screenshot("gap");
  }

  @Test
  void resamplesFromACharacterByMouseAndByKeyboard() throws IOException {
    set("length", "48");
    type("the whale ");
    click("write");
    awaitStatus("Done.");
    String first = text();
    browser.findElements(By.cssSelector("#text .token")).get(30).click();
    await("another end", () -> !text().equals(first) && status().equals("Done."));
    String second = text();
    assertEquals(first.substring(0, 30), second.substring(0, 30));
    assertEquals(first.length(), second.length());
    screenshot("resampling");

    browser.executeScript("document.querySelector('#text .token[tabindex=\"0\"]').focus()");
    for (int i = 0; i < 20; i++) {
      browser.switchTo().activeElement().sendKeys(Keys.ARROW_RIGHT);
    }
    browser.switchTo().activeElement().sendKeys(Keys.ENTER);
    await("a third text", () -> !text().equals(second) && status().equals("Done."));
    assertEquals(first.substring(0, 20), text().substring(0, 20));
  }

  @Test
  void showsSurprisalAsColour() throws IOException {
    set("length", "64");
    click("write");
    awaitStatus("Done.");
    click("surprisal");
    await("the score", () -> !find("score").getText().isEmpty());
    assertTrue(find("score").getText().matches("At most \\d\\.\\d+ bits per character \\(an upper bound\\)\\."), find("score").getText());
    assertTrue(find("text").getDomAttribute("class").contains("heat"));
    screenshot("surprisal");
  }

  @Test
  void walksFromOneTextToAnother() throws IOException {
    browser.findElement(By.tagName("summary")).click();
    click("go");
    awaitStatus("Done.");
    String begin = find("walk-text").getText();
    assertTrue(begin.startsWith("the captain of the ship"), begin);
    set("step", "4");
    assertNotEquals(begin, find("walk-text").getText());
    screenshot("walking");
    set("step", "8");
    assertTrue(find("walk-text").getText().startsWith("in the night they saw"), find("walk-text").getText());
  }

  @Test
  void saysWhatIsWrong() {
    type("the [300] end");
    click("write");
    await("an error", () -> find("status").getDomAttribute("class").equals("error"));
    assertTrue(status().contains("the window has 256"), status());
    browser.manage().logs().get(LogType.BROWSER); // the browser complains of the status 400, rightly
  }

  @Test
  void fitsAPhoneInTheDark() throws IOException {
    browser.executeCdpCommand("Emulation.setEmulatedMedia",
        Map.of("features", List.of(Map.of("name", "prefers-color-scheme", "value", "dark"))));
    browser.executeCdpCommand("Emulation.setDeviceMetricsOverride", Map.of("width", 360, "height", 740, "deviceScaleFactor", 1,
        "mobile", true));
    try {
      set("length", "64");
      click("write");
      awaitStatus("Done.");
      assertEquals(360L, number("document.documentElement.scrollWidth"), "nothing sticks out to the right");
      assertTrue(number("parseInt(getComputedStyle(document.body).backgroundColor.match(/\\d+/)[0])") < 60, "a dark page");
      assertTrue(number("Math.min(...[...document.querySelectorAll('button, summary, input[type=range]')]"
          + ".filter(each => each.offsetHeight).map(each => each.offsetHeight))") >= 32, "targets for fingers");
      screenshot("phone");
    } finally {
      browser.executeCdpCommand("Emulation.clearDeviceMetricsOverride", Map.of());
      browser.executeCdpCommand("Emulation.setEmulatedMedia", Map.of("features", List.of()));
    }
  }

  @Test
  void everyFieldHasALabelAndTheKeyboardReachesIt() {
    assertEquals(0L, number("[...document.querySelectorAll('input, select, textarea')]"
        + ".filter(each => each.labels.length === 0 || !each.labels[0].textContent.trim()).length"));
    assertEquals(0L, number("[...document.querySelectorAll('button')].filter(each => !each.textContent.trim()).length"));
    find("prompt").sendKeys(Keys.TAB);
    assertEquals("temperature", browser.switchTo().activeElement().getDomAttribute("id"));
    browser.switchTo().activeElement().sendKeys(Keys.ARROW_LEFT);
    assertEquals("0.95", find("temperature").getDomProperty("value"));
  }

  @Test
  void theInterfaceHasAPage() {
    browser.get("http://127.0.0.1:" + server.address().getPort() + "/api");
    await("the page", () -> browser.findElements(By.cssSelector("section")).size() == 9);
    assertTrue(browser.findElement(By.tagName("main")).getText().contains("POST /v1/completions"));
  }

  private static void resize(int width, int height) {
    browser.executeCdpCommand("Emulation.setDeviceMetricsOverride", Map.of("width", width, "height", height, "deviceScaleFactor", 1,
        "mobile", false));
  }

  private static WebElement find(String id) {
    return browser.findElement(By.id(id));
  }

  private static void click(String id) {
    find(id).click();
  }

  private static void type(String prompt) {
    find("prompt").clear();
    find("prompt").sendKeys(prompt);
  }

  /** As a drag of the dial does. */
  private static void set(String dial, String value) {
    browser.executeScript("arguments[0].value = arguments[1]; arguments[0].dispatchEvent(new Event('input', {bubbles: true}))",
        find(dial), value);
  }

  private static String text() {
    return (String) browser.executeScript("return document.getElementById('text').textContent");
  }

  private static String status() {
    return (String) browser.executeScript("return document.getElementById('status').textContent");
  }

  private static long number(String script) {
    return ((Number) browser.executeScript("return " + script)).longValue();
  }

  private static void awaitStatus(String expected) {
    await("the status '" + expected + "'", () -> status().equals(expected));
  }

  private static void await(String what, Condition condition) {
    for (long end = System.nanoTime() + PATIENCE.toNanos(); !condition.holds();) {
      assertTrue(System.nanoTime() < end, () -> "waited in vain for " + what + "; the status is: " + status());
      try {
        Thread.sleep(20);
      } catch (InterruptedException e) {
        throw new AssertionError(e);
      }
    }
  }

  private interface Condition {
    boolean holds();
  }

  /** Keeps a picture of the page, if asked; a small one, of few colours. */
  private static void screenshot(String name) throws IOException {
    String folder = System.getProperty("tarflowlm.screenshots");
    if (folder == null) {
      return;
    }
    BufferedImage seen = ImageIO.read(new ByteArrayInputStream(browser.getScreenshotAs(OutputType.BYTES)));
    BufferedImage small = new BufferedImage(seen.getWidth(), seen.getHeight(), BufferedImage.TYPE_BYTE_INDEXED);
    small.getGraphics().drawImage(seen, 0, 0, null);
    ByteArrayOutputStream png = new ByteArrayOutputStream();
    ImageIO.write(seen, "png", png);
    if (png.size() > 80_000) {
      png.reset();
      ImageIO.write(small, "png", png);
    }
    Files.createDirectories(Path.of(folder));
    Files.write(Path.of(folder, "playground-" + name + ".png"), png.toByteArray());
  }
}
