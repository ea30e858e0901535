// Pages in Chromium: one browser for all specs, a context of its own for each page.
import { existsSync } from 'node:fs';
import { type Browser, chromium } from 'playwright-core';

const USUAL_PATHS = ['/usr/bin/chromium', '/usr/bin/chromium-browser', '/usr/bin/google-chrome'];
/** Containers and root have no sandbox; the rest keeps Chromium from asking its servers. */
const FLAGS = [
  '--no-sandbox',
  '--disable-quic',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
];
/** A page that hangs fails. */
const LIMIT_MS = 3 * 60_000;

let browser: Promise<Browser> | undefined;

function launch(): Promise<Browser> {
  const executablePath = process.env.CHROMIUM ?? USUAL_PATHS.find((path) => existsSync(path));
  if (executablePath === undefined)
    throw new Error(`no Chromium in ${USUAL_PATHS.join(', ')}; CHROMIUM may name it`);
  return chromium.launch({ executablePath, args: FLAGS });
}

/** Opens a page, and waits for what its program assigns to `globalThis.result`. @throws Error of the page, or its message */
export async function resultOf<T>(url: string): Promise<T> {
  browser ??= launch();
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
