import { afterAll, beforeAll, expect } from "bun:test";
import { join } from "node:path";
import { type Browser, chromium, type Locator, type Page } from "playwright-core";
import { findProgram, temporaryFolder } from "../../../tools/test-services/index.ts";

export const narrowPhone = { width: 360, height: 740 };
export const phone = { width: 390, height: 844 };
export const tablet = { width: 820, height: 1180 };
export const desktop = { width: 1280, height: 800 };
export const password = "correct horse battery";

/** A browser for the tests of the calling `describe`, which gets it with the function that this returns. */
export function browserForTests(): () => Browser {
  let browser: Browser | undefined;
  beforeAll(async () => {
    browser = await launchBrowser();
  });
  afterAll(() => browser?.close());
  return () => browser!;
}

function launchBrowser(): Promise<Browser> {
  return chromium.launch({
    executablePath: findProgram("chromium", "chromium-browser", "google-chrome")!,
    args: [
      "--no-sandbox",
      "--disable-gpu",
      "--disable-quic",
      "--no-first-run",
      "--disable-background-networking",
      "--disable-component-update",
      "--disable-sync",
      `--disk-cache-dir=${temporaryFolder("chromium-cache")}`,
    ],
  });
}

export interface OpenPage extends AsyncDisposable {
  readonly page: Page;
  /** The page's errors: script errors and violations of its Content-Security-Policy. */
  readonly complaints: string[];
}

/** A page in a browser profile of its own. */
export async function openPage(
  browser: Browser,
  { url }: { readonly url: string },
  path: string,
  viewport = phone,
  colorScheme: "light" | "dark" = "light",
): Promise<OpenPage> {
  const context = await browser.newContext({ viewport, colorScheme });
  const page = await context.newPage();
  page.setDefaultTimeout(15_000);
  const complaints: string[] = [];
  page.on("pageerror", (error) => complaints.push(error.message));
  page.on("console", (message) => {
    // The browser also reports refused requests, which are normal in a sale.
    if (message.type() === "error" && !message.text().startsWith("Failed to load resource")) {
      complaints.push(message.text());
    }
  });
  await page.goto(url + path);
  return { page, complaints, [Symbol.asyncDispose]: () => context.close() };
}

export async function register(page: Page, name: string): Promise<void> {
  await page.getByLabel("Name").fill(name);
  await page.getByLabel("Password").fill(password);
  await page.getByRole("button", { name: "Register" }).click();
  await page.getByText(name, { exact: true }).waitFor();
}

/** Of a user who has registered before. */
export async function logIn(page: Page, name: string): Promise<void> {
  // The tab stands before the button of the same name.
  await page.getByText("Log in", { exact: true }).first().click();
  await page.getByLabel("Name").fill(name);
  await page.getByLabel("Password").fill(password);
  await button(page, "Log in").click();
  await page.getByText(name, { exact: true }).waitFor();
}

export function button(page: Page, name: string): Locator {
  return page.getByRole("button", { name, exact: true });
}

export function heading(page: Page, name: string | RegExp): Promise<void> {
  return page.getByRole("heading", { name, exact: true }).waitFor();
}

/** Waits until these words, and no others beside them, can be seen somewhere. */
export function text(page: Page, words: string): Promise<void> {
  return page.getByText(words, { exact: true }).filter({ visible: true }).first().waitFor();
}

/** Waits until the page says this in its message. */
export function says(page: Page, text: RegExp | string): Promise<void> {
  return page.locator("#outcome").getByText(text).waitFor();
}

export async function overflows(page: Page): Promise<boolean> {
  return page.evaluate<boolean>("document.documentElement.scrollWidth > innerWidth");
}

/** A folder for pictures of each state; none are taken without it. */
const pictures = process.env["SALE_PICTURES"];

/** Checks that the page is not wider than its window, and takes pictures of it in both schemes of colours. */
export async function look(page: Page, name: string): Promise<void> {
  expect(await overflows(page)).toBe(false);
  if (pictures === undefined) return;
  for (const colorScheme of ["light", "dark"] as const) {
    await page.emulateMedia({ colorScheme });
    const path = join(pictures, `${name}-${page.viewportSize()?.width}-${colorScheme}.png`);
    await page.screenshot({ path, fullPage: true });
  }
}

/** `look` at each width. */
export async function lookEverywhere(page: Page, name: string): Promise<void> {
  for (const viewport of [phone, tablet, desktop]) {
    await page.setViewportSize(viewport);
    await look(page, name);
  }
}
