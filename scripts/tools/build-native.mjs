// @ts-check
// Compiles the native engine (the C source of src/kernels/host/c and native/c) into native/build/<target>/engine.node.
//
// Usage: npm run build:native [-- --all]     for this machine, or for all targets
import { stat } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { installCompiler } from './build-engine/compiler.mjs';
import { compileTarget } from './build-native/compile.mjs';
import { TARGETS, targetHere } from './build-native/targets.mjs';
import { SetupError } from './setup-tfjs-node/setup-error.mjs';

/** @param {string} line */
const say = (line) => console.log(`build:native: ${line}`);

try {
  const here = targetHere();
  const names = process.argv.includes('--all') ? Object.keys(TARGETS) : [here];
  if (!names.every((name) => name in TARGETS))
    throw new SetupError(
      `there is no native engine for ${here}: expected one of ${Object.keys(TARGETS).join()}`,
    );
  await installCompiler(say);
  for (const name of names) {
    const output = fileURLToPath(new URL(`../../native/build/${name}/engine.node`, import.meta.url));
    await compileTarget(name, output);
    say(`${name}: ${(await stat(output)).size} bytes`);
  }
} catch (error) {
  if (!(error instanceof SetupError)) throw error;
  console.error(`build:native: ${error.message}.`);
  process.exitCode = 1;
}
