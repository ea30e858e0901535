/** The browsers that are installed, and how they are started. */

import { existsSync } from 'node:fs';

/** By browser, where it usually is. The variable of its name in capitals names another place. */
const PLACES = {
  chromium: [
    '/usr/bin/chromium',
    '/usr/bin/chromium-browser',
    '/usr/bin/google-chrome',
    '/Applications/Chromium.app/Contents/MacOS/Chromium',
    '/Applications/Google Chrome.app/Contents/MacOS/Google Chrome',
  ],
  firefox: ['/usr/bin/firefox-esr', '/usr/bin/firefox', '/Applications/Firefox.app/Contents/MacOS/firefox'],
} as const;

/** @throws Error where the browser is not installed. */
export function browserPath(name: keyof typeof PLACES): string {
  const variable = name.toUpperCase();
  const path = process.env[variable] ?? PLACES[name].find((place) => existsSync(place));
  if (path === undefined)
    throw new Error(`no ${name} in ${PLACES[name].join(', ')}; ${variable} may name it`);
  return path;
}

/** Of Chromium: containers and root have no sandbox; the rest keeps it from asking its servers. */
export const CHROMIUM_FLAGS: readonly string[] = [
  '--no-sandbox',
  '--disable-quic',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
];

/** Of Chromium: WebGL and WebGPU on SwiftShader, which computes on the processor, where there is no GPU. */
export const SWIFTSHADER_FLAGS: readonly string[] = [
  '--use-angle=swiftshader',
  '--enable-unsafe-swiftshader',
  '--enable-unsafe-webgpu',
  '--use-webgpu-adapter=swiftshader',
  '--enable-features=Vulkan',
  '--ignore-gpu-blocklist',
];
