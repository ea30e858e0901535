// Pages in Chromium: one browser for all specs, a context of its own for each page.
import { type Browser, chromium } from 'playwright-core';
import { browserPath, CHROMIUM_FLAGS } from '../../../support/browsers.js';

/** A page that hangs fails. */
const LIMIT_MS = 3 * 60_000;

let browser: Promise<Browser> | undefined;

/** Opens a page, and waits for what its program assigns to `globalThis.result`. @throws Error of the page, or its message */
export async function resultOf<T>(url: string): Promise<T> {
  browser ??= chromium.launch({ executablePath: browserPath('chromium'), args: [...CHROMIUM_FLAGS] });
  const context = await (await browser).newContext();
  const page = await context.newPage();
  page.setDefaultTimeout(LIMIT_MS);
  const said: string[] = [];
  page.on('console', (message) => {
    if (message.type() === 'error') said.push(message.text());
  });
  try {
    const failed = new Promise<never>((_, reject) => page.once('pageerror', reject));
    // The page may fail before anything waits for that.
    failed.catch(() => {});
    await page.goto(url);
    const result = page.waitForFunction(() => Reflect.has(globalThis, 'result'));
    await Promise.race([result, failed]);
    return (await Promise.race([page.evaluate(() => Reflect.get(globalThis, 'result')), failed])) as T;
  } catch (error) {
    throw new Error([`${error instanceof Error ? error.stack : error}`.slice(0, 2000), ...said].join('\n'));
  } finally {
    await context.close();
  }
}

export async function closeBrowser(): Promise<void> {
  await (await browser)?.close();
}
