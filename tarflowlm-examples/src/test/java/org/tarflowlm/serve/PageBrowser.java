package org.tarflowlm.serve;

import static org.junit.jupiter.api.Assertions.assertTrue;

import java.awt.image.BufferedImage;
import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.File;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Map;
import java.util.Optional;
import java.util.logging.Level;
import java.util.stream.Stream;
import javax.imageio.ImageIO;
import org.openqa.selenium.By;
import org.openqa.selenium.OutputType;
import org.openqa.selenium.WebElement;
import org.openqa.selenium.chrome.ChromeDriver;
import org.openqa.selenium.chrome.ChromeDriverService;
import org.openqa.selenium.chrome.ChromeOptions;
import org.openqa.selenium.logging.LogType;
import org.openqa.selenium.logging.LoggingPreferences;

/**
 * Headless Chromium and its driver, from Debian's packages chromium and chromium-driver, on the playground's page. Tests read and change
 * the page through it.
 */
final class PageBrowser implements AutoCloseable {
  private static final Duration PATIENCE = Duration.ofSeconds(120);

  private final ChromeDriver driver;

  PageBrowser() {
    ChromeOptions options = new ChromeOptions();
    options.setBinary(chromium().orElseThrow());
    options.addArguments("--headless=new", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage", "--force-prefers-reduced-motion",
        "--disable-background-networking");
    LoggingPreferences logs = new LoggingPreferences();
    logs.enable(LogType.BROWSER, Level.ALL);
    options.setCapability("goog:loggingPrefs", logs);
    ChromeDriverService service = new ChromeDriverService.Builder().usingDriverExecutable(chromeDriver().orElseThrow()).usingAnyFreePort()
        .withTimeout(PATIENCE).build();
    driver = new ChromeDriver(service, options);
    driver.manage().timeouts().pageLoadTimeout(PATIENCE).scriptTimeout(PATIENCE);
  }

  static boolean isInstalled() {
    return chromium().isPresent() && chromeDriver().isPresent();
  }

  private static Optional<File> chromium() {
    return program("chromium", "chromium-browser", "google-chrome");
  }

  private static Optional<File> chromeDriver() {
    return program("chromedriver");
  }

  private static Optional<File> program(String... names) {
    return Stream.of(names).flatMap(name -> Stream.of(System.getenv().getOrDefault("PATH", "").split(File.pathSeparator))
        .map(folder -> new File(folder, name))).filter(File::canExecute).findFirst();
  }

  ChromeDriver driver() {
    return driver;
  }

  @Override
  public void close() {
    driver.quit();
  }

  void resize(int width, int height) {
    driver.executeCdpCommand("Emulation.setDeviceMetricsOverride", Map.of("width", width, "height", height, "deviceScaleFactor", 1,
        "mobile", false));
  }

  WebElement find(String id) {
    return driver.findElement(By.id(id));
  }

  void click(String id) {
    find(id).click();
  }

  void type(String prompt) {
    find("prompt").clear();
    find("prompt").sendKeys(prompt);
  }

  /** Moves a dial, as dragging it does. */
  void set(String dial, String value) {
    driver.executeScript("arguments[0].value = arguments[1]; arguments[0].dispatchEvent(new Event('input', {bubbles: true}))",
        find(dial), value);
  }

  String text() {
    return (String) driver.executeScript("return document.getElementById('text').textContent");
  }

  String status() {
    return (String) driver.executeScript("return document.getElementById('status').textContent");
  }

  long number(String script) {
    return ((Number) driver.executeScript("return " + script)).longValue();
  }

  void awaitStatus(String expected) {
    await("the status '" + expected + "'", () -> status().equals(expected));
  }

  void await(String what, Condition condition) {
    for (long end = System.nanoTime() + PATIENCE.toNanos(); !condition.holds();) {
      assertTrue(System.nanoTime() < end, () -> "waited in vain for " + what + "; the status is: " + status());
      try {
        Thread.sleep(20);
      } catch (InterruptedException e) {
        throw new AssertionError(e);
      }
    }
  }

  interface Condition {
    boolean holds();
  }

  /** Keeps a picture of the page if the system property asks for it. Large pictures get few colours. */
  void screenshot(String name) throws IOException {
    String folder = System.getProperty("tarflowlm.screenshots");
    if (folder == null) {
      return;
    }
    BufferedImage seen = ImageIO.read(new ByteArrayInputStream(driver.getScreenshotAs(OutputType.BYTES)));
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
