// @ts-check
// Compiles the engine (src/kernels/host/engine/*.c) to WebAssembly and writes it as a module, src/kernels/host/engine.wasm.ts.
// The compiler is pinned, so the same source gives the same bytes on every machine.
//
// Usage: npm run build:engine [-- --check]     --check: writes nothing, and fails where the bytes are not those of the module
import { readFile } from 'node:fs/promises';
import { compile } from './build-engine/compiler.mjs';
import { MODULE, moduleText, sourceHash } from './build-engine/module.mjs';
import { replaceFile } from './build-engine/replace-file.mjs';
import { SetupError } from './setup-tfjs-node/setup-error.mjs';

/** @param {string} line */
const say = (line) => console.log(`build:engine: ${line}`);

try {
  const isCheck = process.argv.includes('--check');
  const bytes = await compile(say);
  const text = moduleText(bytes, await sourceHash());
  const before = await readFile(MODULE, 'utf8').catch(() => '');
  if (before === text) {
    say(`${bytes.length} bytes, as in the module`);
  } else if (isCheck) {
    throw new SetupError(
      'the module is not what the source compiles to: run npm run build:engine and commit it',
    );
  } else {
    await replaceFile(MODULE, text);
    say(`${bytes.length} bytes written`);
  }
} catch (error) {
  if (!(error instanceof SetupError)) throw error;
  console.error(`build:engine: ${error.message}.`);
  process.exitCode = 1;
}
