/** The page in a real browser: what a person sees and does, with a keyboard and on a phone. */
import { mkdir } from "node:fs/promises";
import { chromium, type Browser } from "playwright-core";
import { browser as findBrowser } from "../../toolchain/browser.ts";
import { Checkout } from "./support/checkout.ts";

const FLAGS = [
  "--no-sandbox",
  "--disable-gpu",
  "--disable-quic",
  "--no-first-run",
  "--disable-background-networking",
  "--disable-component-update",
  "--disable-sync",
];
const PICTURES = ".berth/pictures";

const program = findBrowser();
const why = program === undefined ? "skipped: there is no Chromium on this machine" : undefined;
(why ? describe.skip : describe)(`the note board in Chromium${why ? ` (${why})` : ""}`, () => {
  let app: Checkout;
  let browser: Browser;
  beforeAll(async () => {
    app = await Checkout.make({ volumes: [{ name: "data", target: "/data" }] });
    await app.upOk();
    browser = await chromium.launch({ executablePath: program ?? "", args: FLAGS });
    await mkdir(PICTURES, { recursive: true });
  });
  afterAll(async () => {
    await browser?.close();
    await app?.remove();
  });

  test("a note is written with the keyboard alone and is there for every replica", async () => {
    const page = await browser.newPage({ viewport: { width: 1280, height: 800 } });
    const problems: string[] = [];
    page.on("console", (message) => message.type() === "error" && problems.push(message.text()));
    page.on("pageerror", (error) => problems.push(error.message));
    await page.goto(app.url);
    await page.getByRole("textbox").focus();
    await page.keyboard.type("Buy <b>oranges</b> & tea");
    await page.keyboard.press("Tab");
    await page.keyboard.press("Enter");
    await page.waitForURL(/status=posted/);
    for (let reload = 0; reload < 4; reload++) {
      await page.goto(app.url);
      expect(await page.getByText("Buy <b>oranges</b> & tea").count()).toBe(1);
    }
    expect(await page.textContent("body")).toContain(await app.output<string>("release"));
    expect(problems).toEqual([]);
    await page.screenshot({ path: `${PICTURES}/board-desktop.png` });
  });

  test.each([320, 390])("on a phone of %d pixels nothing runs off the side", async (width) => {
    const page = await browser.newPage({ viewport: { width, height: 720 }, isMobile: true, colorScheme: "dark" });
    await page.goto(app.url);
    expect(await page.evaluate("document.documentElement.scrollWidth")).toBeLessThanOrEqual(width);
    await page.screenshot({ path: `${PICTURES}/board-phone-${width}.png` });
  });
});
