/** The browsers that are installed, driven alike. */

import { existsSync } from 'node:fs';
import { chromium } from 'playwright-core';
import puppeteer from 'puppeteer-core';

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

/** WebGL and WebGPU on SwiftShader, which computes on the processor, where there is no GPU. */
const CHROMIUM_FLAGS = [
  '--use-angle=swiftshader',
  '--enable-unsafe-swiftshader',
  '--enable-unsafe-webgpu',
  '--use-webgpu-adapter=swiftshader',
  '--enable-features=Vulkan',
  '--ignore-gpu-blocklist',
  // Containers and root have no sandbox.
  '--no-sandbox',
  '--disable-quic',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
];

async function launchChromium(executablePath: string): Promise<Browser> {
  const browser = await chromium.launch({ executablePath, args: CHROMIUM_FLAGS });
  return {
    name: `Chromium ${browser.version()}`,
    close: () => browser.close(),
    open: async (url) => {
      const page = await browser.newPage();
      page.on('pageerror', (error) => console.error(`error in the page: ${error}`));
      const ended = new Promise<string>((resolve) => {
        page.once('crash', () => resolve('the page crashed'));
        browser.once('disconnected', () => resolve('the browser ended'));
      });
      await page.goto(url);
      return {
        ended,
        evaluate: <T>(expression: string) => page.evaluate(expression) as Promise<T>,
        close: () => page.close(),
      };
    },
  };
}

async function launchFirefox(executablePath: string): Promise<Browser> {
  const browser = await puppeteer.launch({ browser: 'firefox', executablePath, headless: true });
  return {
    name: (await browser.version()).replace('/', ' '),
    close: () => browser.close(),
    open: async (url) => {
      const page = await browser.newPage();
      page.on('pageerror', (error) => console.error(`error in the page: ${error}`));
      const ended = new Promise<string>((resolve) => {
        browser.once('disconnected', () => resolve('the browser ended'));
      });
      await page.goto(url);
      return {
        ended,
        evaluate: <T>(expression: string) => page.evaluate(expression) as Promise<T>,
        close: () => page.close(),
      };
    },
  };
}

interface Kind {
  /** The variable that names the program, and where it usually is. */
  readonly variable: string;
  readonly usual: readonly string[];
  readonly launch: (executablePath: string) => Promise<Browser>;
  /** By default; `wasm-threads` is wasm in an isolated page. */
  readonly backends: readonly string[];
}

export const BROWSERS: Readonly<Record<string, Kind>> = {
  chromium: {
    variable: 'CHROMIUM',
    usual: [
      '/usr/bin/chromium',
      '/usr/bin/chromium-browser',
      '/usr/bin/google-chrome',
      '/Applications/Google Chrome.app/Contents/MacOS/Google Chrome',
    ],
    launch: launchChromium,
    backends: ['cpu', 'wasm', 'wasm-threads', 'webgl', 'webgpu'],
  },
  firefox: {
    variable: 'FIREFOX',
    usual: ['/usr/bin/firefox-esr', '/usr/bin/firefox', '/Applications/Firefox.app/Contents/MacOS/firefox'],
    launch: launchFirefox,
    backends: ['cpu', 'wasm'],
  },
};

/** @throws {Error} where the browser is not installed */
export function launch(name: string): Promise<Browser> {
  const { variable, usual, launch } = BROWSERS[name] as Kind;
  const path = process.env[variable] ?? usual.find((each) => existsSync(each));
  if (path === undefined) throw new Error(`no ${name} in ${usual.join(', ')}; ${variable} may name it`);
  return launch(path);
}
