// @ts-check
// Builds of the native engine, each inspected before it takes its place.
import { mkdir } from 'node:fs/promises';
import { installCompiler } from '../build-engine/compiler.mjs';
import { replaceFile } from '../build-engine/replace-file.mjs';
import { SetupError } from '../setup-tfjs-node/setup-error.mjs';
import { compileCopy, compileTarget } from './compile.mjs';
import { inspect } from './inspect.mjs';
import { TARGETS, targetHere } from './targets.mjs';

/**
 * The targets that a command line names: that of this machine where it names none.
 *
 * @param {readonly string[]} args
 * @returns {string[]}
 */
export function targetsOf(args) {
  if (args.includes('--all')) return Object.keys(TARGETS);
  const targets = args.length > 0 ? [...args] : [targetHere()];
  const unknown = targets.find((name) => !(name in TARGETS));
  if (unknown === undefined) return targets;
  const known = Object.keys(TARGETS).join(', ');
  throw new SetupError(`there is no native engine for ${unknown}: expected one of ${known}`);
}

/** Where the library for a target lies. @param {string} target */
export function libraryOf(target) {
  return new URL(`../../../native/build/${target}/engine.node`, import.meta.url);
}

/**
 * Builds for systems, by the pinned compiler.
 *
 * @param {readonly string[]} targets
 * @param {{ isChecked?: boolean, say: (line: string) => void }} options isChecked: whether a copy of the source, compiled in
 *   another folder, has to have the same bytes
 */
export async function buildTargets(targets, { isChecked = false, say }) {
  await installCompiler(say);
  for (const target of targets) {
    const library = await compileTarget(target);
    inspect(target, library);
    if (isChecked && !library.equals(await compileCopy(target)))
      throw new SetupError(`${target}: a copy of the source in another folder has other bytes`);
    await writeLibrary(target, library);
    say(`${target}: ${library.length} bytes${isChecked ? ', the same in another folder' : ''}`);
  }
}

/**
 * Builds for this machine alone, by its own compiler.
 *
 * @param {string} cc
 * @param {(line: string) => void} say
 */
export async function buildHere(cc, say) {
  const [target] = /** @type {[string]} */ (targetsOf([]));
  const library = await compileTarget(target, { cc });
  await writeLibrary(target, library);
  say(`${target}, by ${cc}: ${library.length} bytes`);
}

/** @param {string} target @param {Buffer} library */
async function writeLibrary(target, library) {
  await mkdir(new URL('.', libraryOf(target)), { recursive: true });
  await replaceFile(libraryOf(target), library);
}
