// The package as npm ships it, installed in projects of its own, which every spec here shares.
import { cpSync, mkdirSync, mkdtempSync, realpathSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { npm } from '../../../../scripts/support/child-process.mjs';

const ROOT = fileURLToPath(new URL('../../../..', import.meta.url));
const CONSUMER = fileURLToPath(new URL('../consumer', import.meta.url));
/** npm waits for a silent registry for ever. */
const NPM_LIMIT_MS = 5 * 60_000;
const TFJS = ['@tensorflow/tfjs@4.22.0', '@tensorflow/tfjs-backend-wasm@4.22.0'];

/** A project that has the package and what it was asked for, with the programs of consumer/. */
export interface Project {
  readonly folder: string;
  /** What npm printed as it installed. */
  readonly installed: string;
}

let folder: string | undefined;
let packed: Promise<string> | undefined;
const projects = new Map<string, Promise<Project>>();

/** A new folder, away from this repository's node_modules, that `removeFolders` removes. */
export function newFolder(name: string): string {
  // The real path: a bundler that resolves links compares it with those of modules.
  folder ??= realpathSync(mkdtempSync(join(tmpdir(), 'tfjs-torch-rnn-')));
  const made = join(folder, name);
  mkdirSync(made);
  return made;
}

export function removeFolders(): void {
  if (folder) rmSync(folder, { recursive: true });
}

/** The path of the tarball, built from the source. */
export function tarball(): Promise<string> {
  packed ??= npmOrThrow(['run', 'pack', '--', newFolder('packed')], ROOT).then(
    ({ stdout }) => stdout.trim().split('\n').at(-1) as string,
  );
  return packed;
}

/** A project without tfjs. */
export function projectAlone(): Promise<Project> {
  return project('alone', []);
}

/** A project with tfjs and its wasm backend. */
export function projectWithTfjs(): Promise<Project> {
  return project('with-tfjs', TFJS);
}

function project(name: string, packages: readonly string[]): Promise<Project> {
  const known = projects.get(name) ?? makeProject(name, packages);
  projects.set(name, known);
  return known;
}

async function makeProject(name: string, packages: readonly string[]): Promise<Project> {
  const file = await tarball();
  const made = newFolder(name);
  writeFileSync(join(made, 'package.json'), JSON.stringify({ name: 'consumer', private: true }));
  cpSync(CONSUMER, made, { recursive: true });
  // --omit=peer: a peer comes from the list, or is absent.
  const flags = ['--omit=peer', '--prefer-offline', '--no-audit', '--no-fund'];
  const { output } = await npmOrThrow(['install', ...flags, file, ...packages], made);
  return { folder: made, installed: output };
}

async function npmOrThrow(args: readonly string[], cwd: string) {
  const result = await npm(args, { cwd, limitMs: NPM_LIMIT_MS });
  if (!result.ok) throw new Error(`npm ${args.join(' ')} failed:\n${result.output}`);
  return result;
}
