// @ts-check
// Compiles the engine (src/kernels/host/c) to WebAssembly and writes it as a module, src/kernels/host/runtime/engine.wasm.ts.
// The compiler is pinned, so the same source gives the same builds on every machine.
//
// Usage: npm run build:engine [-- --check]     --check: writes nothing, and fails where the module holds other builds
import { readFile } from 'node:fs/promises';
import { compileAll } from './build-engine/compiler.mjs';
import { MODULE, moduleText, sourceHash } from './build-engine/module.mjs';
import { replaceFile } from './build-engine/replace-file.mjs';
import { SetupError } from './setup-tfjs-node/setup-error.mjs';

/** @param {string} line */
const say = (line) => console.log(`build:engine: ${line}`);

try {
  const isCheck = process.argv.includes('--check');
  const builds = await compileAll(say);
  const before = await readFile(MODULE, 'utf8').catch(() => '');
  const text = moduleText(builds, await sourceHash(), before);
  const sizes = Object.values(builds).map(({ length }) => `${length} bytes`);
  if (before === text) {
    say(`${sizes.join(' and ')}, as in the module`);
  } else if (isCheck) {
    throw new SetupError(
      'the module is not what the source compiles to: run npm run build:engine and commit it',
    );
  } else {
    await replaceFile(MODULE, text);
    say(`${sizes.join(' and ')} written`);
  }
} catch (error) {
  if (!(error instanceof SetupError)) throw error;
  console.error(`build:engine: ${error.message}.`);
  process.exitCode = 1;
}
