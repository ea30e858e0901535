/** The browsers that are installed, driven alike. */

import { chromium } from 'playwright-core';
import puppeteer from 'puppeteer-core';
import { browserPath, CHROMIUM_FLAGS, SWIFTSHADER_FLAGS } from '../../support/browsers.js';

export interface Browser {
  /** With its version. */
  readonly name: string;
  open(url: string): Promise<Page>;
  close(): Promise<void>;
}

export interface Page {
  /** Resolves where the page cannot go on. */
  readonly ended: Promise<string>;
  /** The value of an expression in the page, or what its promise resolves to. */
  evaluate<T>(expression: string): Promise<T>;
  close(): Promise<void>;
}

async function launchChromium(): Promise<Browser> {
  const args = [...CHROMIUM_FLAGS, ...SWIFTSHADER_FLAGS];
  const browser = await chromium.launch({ executablePath: browserPath('chromium'), args });
  return {
    name: `Chromium ${browser.version()}`,
    close: () => browser.close(),
    open: async (url) => {
      const page = await browser.newPage();
      const ended = new Promise<string>((resolve) => {
        page.once('crash', () => resolve('the page crashed'));
        browser.once('disconnected', () => resolve('the browser ended'));
      });
      return openIn(page, url, ended);
    },
  };
}

async function launchFirefox(): Promise<Browser> {
  const executablePath = browserPath('firefox');
  const browser = await puppeteer.launch({ browser: 'firefox', executablePath, headless: true });
  return {
    name: (await browser.version()).replace('/', ' '),
    close: () => browser.close(),
    open: async (url) => {
      const page = await browser.newPage();
      const ended = new Promise<string>((resolve) => {
        browser.once('disconnected', () => resolve('the browser ended'));
      });
      return openIn(page, url, ended);
    },
  };
}

/** What the pages of both drivers have. */
interface Tab {
  on(event: 'pageerror', listener: (error: unknown) => void): unknown;
  goto(url: string): Promise<unknown>;
  evaluate(expression: string): Promise<unknown>;
  close(): Promise<void>;
}

async function openIn(tab: Tab, url: string, ended: Promise<string>): Promise<Page> {
  tab.on('pageerror', (error) => console.error(`error in the page: ${error}`));
  await tab.goto(url);
  return {
    ended,
    evaluate: <T>(expression: string) => tab.evaluate(expression) as Promise<T>,
    close: () => tab.close(),
  };
}

interface Kind {
  readonly launch: () => Promise<Browser>;
  /** By default; `wasm-threads` is wasm in an isolated page. */
  readonly backends: readonly string[];
}

export const BROWSERS: Readonly<Record<string, Kind>> = {
  chromium: { launch: launchChromium, backends: ['cpu', 'wasm', 'wasm-threads', 'webgl', 'webgpu'] },
  firefox: { launch: launchFirefox, backends: ['cpu', 'wasm'] },
};

/** @throws {Error} where the browser is not installed */
export function launch(name: string): Promise<Browser> {
  return (BROWSERS[name] as Kind).launch();
}
