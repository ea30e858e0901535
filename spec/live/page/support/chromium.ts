/** The Chromium of a run of the suite, with GPU backends on a CPU where there is no GPU. */

import { existsSync } from 'node:fs';
import { type Browser, chromium } from 'playwright-core';

const PLACES = [
  '/usr/bin/chromium',
  '/usr/bin/chromium-browser',
  '/usr/bin/google-chrome',
  '/Applications/Chromium.app/Contents/MacOS/Chromium',
  '/Applications/Google Chrome.app/Contents/MacOS/Google Chrome',
];

const ARGUMENTS = [
  '--use-angle=swiftshader',
  '--enable-unsafe-swiftshader',
  '--enable-unsafe-webgpu',
  '--use-webgpu-adapter=swiftshader',
  '--enable-features=Vulkan',
  '--ignore-gpu-blocklist',
  // The sandbox refuses to run as root.
  '--no-sandbox',
  '--disable-quic',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
];

let running: Promise<Browser> | undefined;

/** Started by the first suite that asks, with an empty profile that goes with it. */
export function runningBrowser(): Promise<Browser> {
  running ??= chromium.launch({ executablePath: executable(), args: ARGUMENTS });
  return running;
}

export async function closeBrowser(): Promise<void> {
  await (await running)?.close();
}

function executable(): string {
  const found = process.env.CHROMIUM ?? PLACES.find((path) => existsSync(path));
  if (found !== undefined) return found;
  throw new Error(`Chromium: expected its path in CHROMIUM, or one of ${PLACES.join(', ')}, got none`);
}
