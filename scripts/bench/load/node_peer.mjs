// @ts-check
// Node's side of main.ts: loads files as the package's users do. One JSON request a line, one answer a line.
import { createInterface } from 'node:readline';

// Its types are those of the source: a checkout that built nothing has no dist/.
const { href } = new URL('../../../dist/state-dict/index.js', import.meta.url);
/** @type {typeof import('../../../src/state-dict/index.js')} */
const { readStateDict, toFloat32Array } = await import(href);

const PAGE = 4096;

/** The bytes of each page from its first are read: what is only mapped or zeroed has no memory yet.
 * @param {Awaited<ReturnType<typeof readStateDict>>} stateDict */
function touch(stateDict) {
  let sum = 0;
  for (const { data } of stateDict.values()) {
    const bytes = new Uint8Array(data.buffer, data.byteOffset, data.byteLength);
    for (let i = 0; i < bytes.length; i += PAGE) sum += bytes[i];
  }
  return sum;
}

/** @param {string} path */
async function load(path) {
  const begin = performance.now();
  const stateDict = await readStateDict(path);
  const touched = touch(stateDict);
  return { seconds: (performance.now() - begin) / 1000, touched, tensors: stateDict.size };
}

/** Bytes that the process has grown by.
 * @param {string} path */
async function peak(path) {
  const before = process.resourceUsage().maxRSS;
  await load(path);
  return { grown: (process.resourceUsage().maxRSS - before) * 1024 };
}

/** Seconds to make float32 of all tensors of a file, which are in memory.
 * @param {string} path */
async function convert(path) {
  const stateDict = await readStateDict(path);
  touch(stateDict);
  globalThis.gc?.();
  const begin = performance.now();
  let elements = 0;
  for (const tensor of stateDict.values()) elements += toFloat32Array(tensor).length;
  return { seconds: (performance.now() - begin) / 1000, elements };
}

/** @type {Record<string, (path: string) => Promise<object>>} */
const COMMANDS = { load, peak, convert };

console.log(JSON.stringify({ versions: `Node ${process.versions.node}` }));
for await (const line of createInterface({ input: process.stdin })) {
  const { command, path } = JSON.parse(line);
  // This load must not pay for the garbage of the last one.
  globalThis.gc?.();
  console.log(JSON.stringify(await COMMANDS[command]?.(path)));
}
