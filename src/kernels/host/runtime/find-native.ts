/** Where the native engine comes from: a package of its own, which Node finds where it is installed for the program. */

import { ABI, type NativeAddon } from './native.js';

/** The version of the addon that this source works with: both packages are published together. */
export const VERSION = '0.1.0';

const PACKAGE = 'tfjs-torch-rnn-native';

/** The addon, or why there is none; neither where the package is not installed. */
export interface Found {
  readonly addon?: NativeAddon;
  readonly reason?: string;
}

interface NodeProcess {
  readonly argv: readonly string[];
  cwd(): string;
  readonly env: Readonly<Record<string, string | undefined>>;
  getBuiltinModule?(name: 'node:module'): NodeModule;
}

interface NodeModule {
  createRequire(from: string): NodeRequire;
}

interface NodeRequire {
  (name: string): unknown;
  resolve(name: string): string;
}

let isOn = true;
let found: Found | undefined;

export function isNativeOn(): boolean {
  return isOn;
}

/** Has it that an engine which starts from now on is the native one where that is found, or never. */
export function turnNative(toOn: boolean): void {
  isOn = toOn;
}

/** What the environment says of the native engine: `0` turns it off, the name of an instruction set takes that one. */
export function nativeVariable(): string {
  return nodeProcess()?.env?.TFJS_TORCH_RNN_NATIVE ?? '';
}

/** Looks once, unless it is turned off. A package that is there and cannot be used is told by `console.warn`, too. */
export function findNative(): Found {
  if (!isOn) return { reason: 'setNative(false) turns the native engine off' };
  found ??= look();
  return found;
}

/** Has it that the native engine is not used any more. */
export function giveUpNative(reason: string): void {
  found = refused(reason);
}

function refused(reason: string): Found {
  console.warn(`tfjs-torch-rnn: recurrent layers run in WebAssembly: ${reason}`);
  return { reason };
}

function nodeProcess(): NodeProcess | undefined {
  return (globalThis as { process?: NodeProcess }).process;
}

function look(): Found {
  if (nativeVariable() === '0') return { reason: 'TFJS_TORCH_RNN_NATIVE=0 turns the native engine off' };
  try {
    const addon = registered()?.() ?? required();
    return addon === undefined ? {} : checked(addon);
  } catch (error) {
    return refused(`${PACKAGE} does not load: ${error instanceof Error ? error.message : error}`);
  }
}

/** What `import 'tfjs-torch-rnn-native/register'` has left. */
function registered(): (() => NativeAddon | undefined) | undefined {
  return (globalThis as Record<symbol, unknown>)[Symbol.for(PACKAGE)] as ReturnType<typeof registered>;
}

/**
 * What is installed beside the program, or in the working directory. Not beside this module: the expression that names it is an error of
 * syntax in bundles that run as classic scripts, such as those of workers.
 */
function required(): NativeAddon | undefined {
  const process = nodeProcess();
  const module = process?.getBuiltinModule?.('node:module');
  if (process === undefined || module === undefined) return undefined;
  const [, program] = process.argv;
  const places = program === undefined ? [] : [program];
  // Jest takes no folder: any file in it stands for it.
  for (const from of [...places, `${process.cwd()}/index.js`]) {
    const path = pathOf(module, from);
    if (path !== undefined) return module.createRequire(path)(path) as NativeAddon | undefined;
  }
  return undefined;
}

/** Where the package lies for a program; undefined where it has none. */
function pathOf(module: NodeModule, from: string): string | undefined {
  try {
    return module.createRequire(from).resolve(PACKAGE);
  } catch {
    return undefined;
  }
}

function checked(addon: NativeAddon): Found {
  const { version, abi } = addon;
  const remedy = 'install the same version of both';
  if (version !== VERSION)
    return refused(`${PACKAGE} is version ${version}, and this package ${VERSION}: ${remedy}`);
  if (abi.join() !== ABI.join())
    return refused(`${PACKAGE} ${version} was compiled from another source: ${remedy}`);
  return { addon };
}
