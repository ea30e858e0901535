// @ts-check
// Compiles the native engine (the C source of src/kernels/host/c and native/c) into native/build/<target>/engine.node, and
// inspects what it asks of the system that loads it.
//
// Usage: npm run build:native [-- TARGET ... | --all] [--check]
//        CC=gcc npm run build:native        by the system's compiler, for this machine
//
// TARGET     one of build-native/targets.mjs; this machine's where none is named
// --check    compiles a copy of the source in another folder too, which has to have the same bytes
import { buildHere, buildTargets, targetsOf } from './build-native/build.mjs';
import { SetupError } from './setup-tfjs-node/setup-error.mjs';

const { CC } = process.env;
const args = process.argv.slice(2);
/** @param {string} line */
const say = (line) => console.log(`build:native: ${line}`);
try {
  if (CC && args.length === 0) await buildHere(CC, say);
  else
    await buildTargets(targetsOf(args.filter((arg) => arg !== '--check')), {
      isChecked: args.includes('--check'),
      say,
    });
} catch (error) {
  if (!(error instanceof SetupError)) throw error;
  console.error(`build:native: ${error.message}.`);
  process.exitCode = 1;
}
