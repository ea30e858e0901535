/** A page of the browser that notes all that it must not do. */

import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { expect } from 'chai';
import type { Page } from 'playwright-core';
import { runningBrowser } from './chromium.js';

const AXE = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');

/** What does not come in so long a time does not come. */
const LIMIT_MS = 3 * 60_000;

export interface OpenOptions {
  readonly scheme?: 'light' | 'dark';
  readonly width?: number;
}

export interface Opened {
  readonly page: Page;
  /** Requests of other origins, errors, and what the policy of the page has forbidden. */
  readonly faults: string[];
  close(): Promise<void>;
}

/** Opens an address; `faults` are to be empty in the end. */
export async function openPage(address: string, options: OpenOptions = {}): Promise<Opened> {
  const { scheme = 'light', width = 1200 } = options;
  const browser = await runningBrowser();
  const context = await browser.newContext({ colorScheme: scheme, viewport: { width, height: 900 } });
  const page = await context.newPage();
  page.setDefaultTimeout(LIMIT_MS);
  const faults: string[] = [];
  context.on('request', (request) => {
    const url = new URL(request.url());
    const isOwn = ['data:', 'blob:'].includes(url.protocol) || url.origin === new URL(address).origin;
    if (!isOwn) faults.push(`request of ${url.href}`);
  });
  context.on('requestfailed', (request) => faults.push(`no answer from ${request.url()}`));
  context.on('weberror', (error) => faults.push(`${error.error()}`));
  context.on('console', (line) => {
    // Chromium reports what a policy forbids, in workers too, as an error on the console.
    if (line.type() === 'error') faults.push(line.text());
  });
  await page.addInitScript(AXE);
  await page.goto(address);
  return { page, faults, close: () => context.close() };
}

interface Axe {
  run(): Promise<{ violations: { id: string; help: string; nodes: { html: string }[] }[] }>;
}

/** What axe finds wrong with the page as it is now, a line for each rule. */
export async function axeFaults(page: Page): Promise<string[]> {
  const { violations } = await page.evaluate(() => (globalThis as unknown as { axe: Axe }).axe.run());
  return violations.map(
    ({ id, help, nodes }) => `${id}: ${help}: ${nodes.map(({ html }) => html.slice(0, 120)).join(' | ')}`,
  );
}

/** Nothing of the page is wider than the screen. */
export async function expectNoOverflow(page: Page): Promise<void> {
  const [wide, screen] = await page.evaluate(() => {
    const { scrollWidth, clientWidth } = document.documentElement;
    return [scrollWidth, clientWidth];
  });
  expect(wide, 'width of the page').to.be.at.most(screen as number);
}
