package org.tarflowlm.serve;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.util.List;
import java.util.Map;
import java.util.logging.Level;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.condition.EnabledIf;
import org.openqa.selenium.By;
import org.openqa.selenium.Keys;
import org.openqa.selenium.logging.LogEntry;
import org.openqa.selenium.logging.LogType;
import org.tarflowlm.TarFlowLM;

/**
 * The page in a real browser. JUnit skips the tests where no browser is installed, and counts them as skipped; an assumption that ends a
 * class before its first test would count none. With -Dtarflowlm.screenshots=FOLDER the tests keep pictures of what they see.
 */
@EnabledIf(value = "org.tarflowlm.serve.PageBrowser#isInstalled",
    disabledReason = "needs chromium and chromedriver on the PATH (Debian: apt-get install chromium chromium-driver)")
class PlaygroundPageTest {
  private static PlaygroundServer server;
  private static PageBrowser browser;

  @BeforeAll
  static void open() {
    server = new PlaygroundServer(List.of(TarFlowLM.pretrained(), TarFlowLM.pretrained("text8-ar")),
        ServeOptions.defaults().withAddress("127.0.0.1", 0));
    browser = new PageBrowser();
  }

  @AfterAll
  static void close() {
    if (browser != null) {
      browser.close();
    }
    if (server != null) {
      server.close();
    }
  }

  @BeforeEach
  void load() {
    browser.resize(900, 760);
    browser.driver().get("http://127.0.0.1:" + server.address().getPort() + "/");
    browser.awaitStatus("Ready.");
  }

  /** The browser complains of scripts that fail, and of resources that the content policy forbids. */
  @AfterEach
  void nothingWentWrongInTheBrowser() {
    List<String> complaints = browser.driver().manage().logs().get(LogType.BROWSER).getAll().stream()
        .filter(each -> each.getLevel().intValue() >= Level.WARNING.intValue()).map(LogEntry::getMessage).toList();
    assertEquals(List.of(), complaints);
  }

  @Test
  void writesPassByPass() throws IOException {
    browser.set("length", "64");
    browser.type("the whale ");
    browser.click("write");
    browser.awaitStatus("Done.");
    String text = browser.text();
    assertTrue(text.startsWith("the whale ") && text.length() == 74, text);
    assertFalse(browser.driver().findElements(By.cssSelector("#text .changed")).isEmpty(), "the page marks the last flow's edits");
    browser.screenshot("writing");
    browser.set("pass", "0");
    assertNotEquals(text, browser.text(), "the noise is another text");
    assertTrue(browser.find("source").getText().startsWith("Noise"));
    browser.set("pass", "2");
    assertEquals(text, browser.text());
  }

  @Test
  void draggingADialWritesAnewWithTheSameSeed() {
    browser.set("length", "32");
    browser.click("write");
    browser.awaitStatus("Done.");
    String seed = browser.find("seed").getDomProperty("value");
    String warm = browser.text();
    browser.set("temperature", "0.3");
    browser.await("another text", () -> !browser.text().equals(warm) && browser.status().equals("Done."));
    assertEquals(seed, browser.find("seed").getDomProperty("value"));
    browser.set("temperature", "1");
    browser.await("the first text", () -> browser.text().equals(warm) && browser.status().equals("Done."));
  }

  @Test
  void streamsLetterByLetter() throws IOException {
    browser.driver().findElement(By.cssSelector("#model option[value=text8-ar]")).click();
    browser.set("length", "120");
    browser.type("the whale ");
    browser.click("write");
    browser.await("a part of the text", () -> browser.text().length() > 10);
    browser.awaitStatus("Done.");
    assertEquals(130, browser.text().length());
    assertFalse(browser.find("passes").isDisplayed(), "a discrete model has no passes");
    browser.screenshot("streaming");
  }

  @Test
  void fillsAGap() throws IOException {
    browser.type("the captain of the [16] in the night");
    browser.set("refinements", "8");
    browser.click("write");
    browser.awaitStatus("Done.");
    assertTrue(browser.text().startsWith("the captain of the ") && browser.text().endsWith(" in the night"), browser.text());
    assertEquals("the captain of the  in the night".length() + 16, browser.text().length());
    browser.screenshot("gap");
  }

  @Test
  void resamplesFromACharacterByMouseAndByKeyboard() throws IOException {
    browser.set("length", "48");
    browser.type("the whale ");
    browser.click("write");
    browser.awaitStatus("Done.");
    String first = browser.text();
    browser.driver().findElements(By.cssSelector("#text .token")).get(30).click();
    browser.await("another end", () -> !browser.text().equals(first) && browser.status().equals("Done."));
    String second = browser.text();
    assertEquals(first.substring(0, 30), second.substring(0, 30));
    assertEquals(first.length(), second.length());
    browser.screenshot("resampling");

    browser.driver().executeScript("document.querySelector('#text .token[tabindex=\"0\"]').focus()");
    for (int i = 0; i < 20; i++) {
      browser.driver().switchTo().activeElement().sendKeys(Keys.ARROW_RIGHT);
    }
    browser.driver().switchTo().activeElement().sendKeys(Keys.ENTER);
    browser.await("a third text", () -> !browser.text().equals(second) && browser.status().equals("Done."));
    assertEquals(first.substring(0, 20), browser.text().substring(0, 20));
  }

  @Test
  void showsSurprisalAsColour() throws IOException {
    browser.set("length", "64");
    browser.click("write");
    browser.awaitStatus("Done.");
    browser.click("surprisal");
    browser.await("the score", () -> !browser.find("score").getText().isEmpty());
    String score = browser.find("score").getText();
    assertTrue(score.matches("At most \\d\\.\\d+ bits per character \\(an upper bound\\)\\."), score);
    assertTrue(browser.find("text").getDomAttribute("class").contains("heat"));
    browser.screenshot("surprisal");
  }

  @Test
  void walksFromOneTextToAnother() throws IOException {
    browser.driver().findElement(By.tagName("summary")).click();
    browser.click("go");
    browser.awaitStatus("Done.");
    String begin = browser.find("walk-text").getText();
    assertTrue(begin.startsWith("the captain of the ship"), begin);
    browser.set("step", "4");
    assertNotEquals(begin, browser.find("walk-text").getText());
    browser.screenshot("interpolation");
    browser.set("step", "8");
    assertTrue(browser.find("walk-text").getText().startsWith("in the night they saw"), browser.find("walk-text").getText());
  }

  @Test
  void saysWhatIsWrong() {
    browser.type("the [300] end");
    browser.click("write");
    browser.await("an error", () -> "error".equals(browser.find("status").getDomAttribute("class")));
    assertTrue(browser.status().contains("the window has 256"), browser.status());
    browser.driver().manage().logs().get(LogType.BROWSER); // the browser complains of the status 400, rightly
  }

  @Test
  void fitsAPhoneInTheDark() throws IOException {
    browser.driver().executeCdpCommand("Emulation.setEmulatedMedia",
        Map.of("features", List.of(Map.of("name", "prefers-color-scheme", "value", "dark"))));
    browser.driver().executeCdpCommand("Emulation.setDeviceMetricsOverride", Map.of("width", 360, "height", 740, "deviceScaleFactor", 1,
        "mobile", true));
    try {
      browser.set("length", "64");
      browser.click("write");
      browser.awaitStatus("Done.");
      assertEquals(360L, browser.number("document.documentElement.scrollWidth"), "nothing sticks out to the right");
      assertTrue(browser.number("parseInt(getComputedStyle(document.body).backgroundColor.match(/\\d+/)[0])") < 60, "a dark page");
      assertTrue(browser.number("Math.min(...[...document.querySelectorAll('button, summary, input[type=range]')]"
          + ".filter(each => each.offsetHeight).map(each => each.offsetHeight))") >= 32, "targets for fingers");
      browser.screenshot("phone");
    } finally {
      browser.driver().executeCdpCommand("Emulation.clearDeviceMetricsOverride", Map.of());
      browser.driver().executeCdpCommand("Emulation.setEmulatedMedia", Map.of("features", List.of()));
    }
  }

  @Test
  void everyFieldHasALabelAndTheKeyboardReachesIt() {
    assertEquals(0L, browser.number("[...document.querySelectorAll('input, select, textarea')]"
        + ".filter(each => each.labels.length === 0 || !each.labels[0].textContent.trim()).length"));
    assertEquals(0L, browser.number("[...document.querySelectorAll('button')].filter(each => !each.textContent.trim()).length"));
    browser.find("prompt").sendKeys(Keys.TAB);
    assertEquals("temperature", browser.driver().switchTo().activeElement().getDomAttribute("id"));
    browser.driver().switchTo().activeElement().sendKeys(Keys.ARROW_LEFT);
    assertEquals("0.95", browser.find("temperature").getDomProperty("value"));
  }

  @Test
  void theInterfaceHasAPage() {
    browser.driver().get("http://127.0.0.1:" + server.address().getPort() + "/api");
    browser.await("the page", () -> browser.driver().findElements(By.cssSelector("section")).size() == 9);
    assertTrue(browser.driver().findElement(By.tagName("main")).getText().contains("POST /v1/completions"));
  }
}
