/** The Chromium of a run of the suite, with GPU backends on a CPU where there is no GPU. */

import { type Browser, chromium } from 'playwright-core';
import { browserPath, CHROMIUM_FLAGS, SWIFTSHADER_FLAGS } from '../../../support/browsers.js';

let running: Promise<Browser> | undefined;

/** Started by the first suite that asks, with an empty profile that goes with it. */
export function runningBrowser(): Promise<Browser> {
  running ??= chromium.launch({
    executablePath: browserPath('chromium'),
    args: [...CHROMIUM_FLAGS, ...SWIFTSHADER_FLAGS],
  });
  return running;
}

export async function closeBrowser(): Promise<void> {
  await (await running)?.close();
}
