// The package as npm ships it, installed in projects of its own, which every spec here shares.
import { createHash } from 'node:crypto';
import {
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  realpathSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { homedir, tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { npm } from '../../../../scripts/support/child-process.mjs';

const ROOT = fileURLToPath(new URL('../../../..', import.meta.url));
const CONSUMER = fileURLToPath(new URL('../consumer', import.meta.url));
const TOOLS = fileURLToPath(new URL('../tools', import.meta.url));
/** npm waits for a silent registry for ever. */
const NPM_LIMIT_MS = 5 * 60_000;
const TFJS = ['@tensorflow/tfjs@4.22.0', '@tensorflow/tfjs-backend-wasm@4.22.0'];
const RUNTIMES = ['bun@1.4.5', 'deno@2.9.6'];

/** A project that has the package and what it was asked for, with the programs of consumer/. */
export interface Project {
  readonly folder: string;
  /** What npm printed as it installed. */
  readonly installed: string;
}

let folder: string | undefined;
const foldersBesideTools: string[] = [];
let packed: Promise<string> | undefined;
let packedNative: Promise<string[]> | undefined;
let tools: Promise<string> | undefined;
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
  for (const made of [folder, ...foldersBesideTools]) if (made) rmSync(made, { recursive: true });
}

/** The path of the tarball, built from the source. */
export function tarball(): Promise<string> {
  packed ??= npmOrThrow(['run', 'pack', '--', newFolder('packed')], ROOT).then(
    ({ stdout }) => stdout.trim().split('\n').at(-1) as string,
  );
  return packed;
}

/**
 * The paths of the tarballs of the native engine, built for this machine: of its system, and of the package that users install. Beside
 * each lies the folder that was packed.
 */
export function nativeTarballs(): Promise<string[]> {
  packedNative ??= npmOrThrow(['run', 'pack:native', '--', '--to', newFolder('native')], ROOT).then(
    ({ stdout }) => stdout.trim().split('\n').slice(-2),
  );
  return packedNative;
}

/** A project without tfjs. */
export function projectAlone(): Promise<Project> {
  return project('alone', []);
}

/** A project with tfjs, Bun and Deno. */
export function projectWithRuntimes(): Promise<Project> {
  return project('with-runtimes', [...TFJS, ...RUNTIMES]);
}

/** The same, with the native engine. */
export async function projectWithNative(): Promise<Project> {
  return project('with-native', [...(await nativeTarballs()), ...TFJS, ...RUNTIMES]);
}

/** A project with tfjs and its wasm backend. */
export function projectWithTfjs(): Promise<Project> {
  return project('with-tfjs', TFJS);
}

/** A project with tfjs that finds the tools of tools/package.json, since its folder lies in theirs. */
export function projectWithTools(): Promise<Project> {
  return project('with-tools', TFJS, makeFolderBesideTools);
}

/** The same, with the native engine. */
export async function projectWithToolsAndNative(): Promise<Project> {
  return project('with-tools-and-native', [...(await nativeTarballs()), ...TFJS], makeFolderBesideTools);
}

async function makeFolderBesideTools(): Promise<string> {
  const parent = join(await toolsFolder(), 'projects');
  mkdirSync(parent, { recursive: true });
  const made = mkdtempSync(join(parent, 'consumer-'));
  foldersBesideTools.push(made);
  return made;
}

/** The tools are installed once, beside other caches of this repository, and again where a version changes. */
function toolsFolder(): Promise<string> {
  tools ??= installTools();
  return tools;
}

async function installTools(): Promise<string> {
  const lock = readFileSync(join(TOOLS, 'package-lock.json'));
  const hash = createHash('sha256').update(lock).digest('hex').slice(0, 12);
  const caches = process.env.XDG_CACHE_HOME ?? join(homedir(), '.cache');
  const installed = join(caches, 'tfjs-torch-rnn', `package-tools-${hash}`);
  // npm writes it last.
  if (existsSync(join(installed, 'node_modules/.package-lock.json'))) return installed;
  mkdirSync(installed, { recursive: true });
  for (const name of ['package.json', 'package-lock.json']) cpSync(join(TOOLS, name), join(installed, name));
  await npmOrThrow(['ci', '--ignore-scripts', '--prefer-offline', '--no-audit', '--no-fund'], installed);
  return installed;
}

function project(
  name: string,
  packages: readonly string[],
  makeFolder: () => Promise<string> | string = () => newFolder(name),
): Promise<Project> {
  const known = projects.get(name) ?? makeProject(makeFolder, packages);
  projects.set(name, known);
  return known;
}

async function makeProject(
  makeFolder: () => Promise<string> | string,
  packages: readonly string[],
): Promise<Project> {
  const file = await tarball();
  const made = await makeFolder();
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
