/** A project as `npm init` and `tsc --init` begin one, with the built package in it, in a folder of its own. */

import { execFile, fork } from 'node:child_process';
import { cp, mkdir, mkdtemp, realpath, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { ROOT } from './pages.js';

const TSC = join(ROOT, 'node_modules/typescript/bin/tsc');
const run = promisify(execFile);

/** What a program did: the error that it threw, or the values of the tensor that it exports as `y`. */
export interface Outcome {
  readonly name: string;
  readonly failure?: string;
  readonly y?: { readonly shape: number[]; readonly data: number[] };
}

const RUNNER = `
for (const name of process.argv.slice(2)) {
  const outcome = { name };
  try {
    const { y } = await import('./' + name + '.js');
    if (y !== undefined) outcome.y = { shape: y.shape, data: Array.from(await y.data()) };
  } catch (error) {
    outcome.failure = String(error?.stack ?? error);
  }
  process.send(outcome);
}
process.disconnect();
`;

/** tfjs-node is an optional package, so its declarations are not on every machine: it is tfjs with a backend of its own. */
const TFJS_NODE = ['tfjs-node', 'tfjs-node-gpu']
  .map((name) => `declare module '@tensorflow/${name}' {\n  export * from '@tensorflow/tfjs';\n}\n`)
  .join('');

export async function makeProject(): Promise<string> {
  const folder = await realpath(await mkdtemp(join(tmpdir(), 'tfjs-torch-rnn-docs-')));
  await writeFile(join(folder, 'package.json'), '{ "type": "module" }\n');
  await mkdir(join(folder, 'node_modules/@types'), { recursive: true });
  await symlink(ROOT, join(folder, 'node_modules/tfjs-torch-rnn'), 'junction');
  for (const name of ['@tensorflow', '@types/node'])
    await symlink(join(ROOT, 'node_modules', name), join(folder, 'node_modules', name), 'junction');
  await cp(fileURLToPath(new URL('given', import.meta.url)), join(folder, 'given'), { recursive: true });
  await writeFile(join(folder, 'given/declared.d.ts'), TFJS_NODE);
  await addModule(folder, 'given/tfjs-node', '/// <reference path="declared.d.ts" />\nexport {};\n');
  await writeFile(join(folder, 'run.mjs'), RUNNER);
  await run(process.execPath, [TSC, '--init'], { cwd: folder });
  return folder;
}

export function removeProject(folder: string): Promise<void> {
  return rm(folder, { recursive: true });
}

/** Writes a module of the project; `name` is its path without an extension. */
export async function addModule(folder: string, name: string, source: string): Promise<void> {
  const file = join(folder, `${name}.ts`);
  await mkdir(dirname(file), { recursive: true });
  await writeFile(file, source);
}

/**
 * Compiles modules under the settings that `tsc --init` wrote.
 *
 * @param types packages of declarations: `tsc --init` names none.
 * @returns the compiler's messages, by module.
 */
export async function compile(
  folder: string,
  names: readonly string[],
  types: readonly string[],
): Promise<Map<string, string>> {
  const settings = {
    extends: './tsconfig.json',
    compilerOptions: { types },
    files: names.map((name) => `${name}.ts`),
  };
  await writeFile(join(folder, 'tsconfig.part.json'), JSON.stringify(settings));
  const compiler = [TSC, '-p', 'tsconfig.part.json', '--pretty', 'false'];
  const failed = (error: { readonly stdout: string }) => error;
  const { stdout } = await run(process.execPath, compiler, { cwd: folder }).catch(failed);
  const messages = new Map<string, string>();
  for (const line of stdout.split('\n').filter((text) => text !== '')) {
    const name = /^([\w/-]+)\.ts\(/.exec(line)?.[1] ?? '';
    messages.set(name, `${messages.get(name) ?? ''}\n${line}`);
  }
  return messages;
}

/** Runs compiled modules in one process, one after the other. */
export function runModules(folder: string, names: readonly string[]): Promise<Map<string, Outcome>> {
  return new Promise((resolve, reject) => {
    const outcomes = new Map<string, Outcome>();
    const child = fork(join(folder, 'run.mjs'), names, { cwd: folder, silent: true, execArgv: [] });
    child.on('message', (outcome: Outcome) => outcomes.set(outcome.name, outcome));
    child.on('error', reject);
    child.on('exit', () => resolve(outcomes));
  });
}
