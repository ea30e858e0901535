import { spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { createRequire } from 'node:module';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { main } from '../../src/cli/main.js';
import type { Terminal } from '../../src/cli/terminal.js';

export const ROOT: string = fileURLToPath(new URL('../../', import.meta.url));

const PROGRAM = fileURLToPath(new URL('../../src/cli/bin.ts', import.meta.url));

/** What `node --import` takes to run TypeScript. */
export const TSX: string = pathToFileURL(createRequire(import.meta.url).resolve('tsx')).href;

/** Path of a stored file. */
export function cliFixture(name: string): string {
  return fileURLToPath(new URL(`../fixtures/cli/${name}`, import.meta.url));
}

export interface ProgramResult {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

export interface ProgramOptions {
  readonly cwd?: string;
  readonly env?: NodeJS.ProcessEnv;
  /** A file to write the answer to, in place of the result. */
  readonly stdout?: number;
}

/** Runs the real program in a process of its own. */
export function runProgram(words: readonly string[], options: ProgramOptions = {}): Promise<ProgramResult> {
  const { child, result } = startProgram(words, options);
  child.stdin?.end();
  return result;
}

/** The program while it runs. */
export function startProgram(words: readonly string[], options: ProgramOptions = {}) {
  return startNode(['--import', TSX, PROGRAM, ...words], options);
}

/** Runs node to its end. */
export function runNode(args: readonly string[], cwd: string): Promise<ProgramResult> {
  return startNode(args, { cwd }).result;
}

function startNode(args: readonly string[], { cwd, env, stdout: file }: ProgramOptions) {
  // Colours would be asked for by FORCE_COLOR alone, as some test runners set it.
  const plain = { ...process.env, FORCE_COLOR: undefined, NO_COLOR: undefined, ...env };
  const child = spawn(process.execPath, args, { cwd, env: plain, stdio: ['pipe', file ?? 'pipe', 'pipe'] });
  let [stdout, stderr] = ['', ''];
  child.stdout?.setEncoding('utf8').on('data', (text: string) => {
    stdout += text;
  });
  child.stderr?.setEncoding('utf8').on('data', (text: string) => {
    stderr += text;
  });
  const result = new Promise<ProgramResult>((resolve) => {
    child.on('close', (code) => resolve({ code, stdout, stderr }));
  });
  return { child, result };
}

/** A terminal that keeps what it is given. */
export function recordingTerminal() {
  const [lines, notes, shown]: [string[], string[], (string | undefined)[]] = [[], [], []];
  const terminal: Terminal = {
    line: (text = '') => void lines.push(text),
    note: (text) => void notes.push(text),
    style: (_, text) => text,
    noteStyle: (_, text) => text,
    progress: (text) => void shown.push(text),
  };
  return { terminal, lines, notes, shown };
}

export interface Told {
  readonly code: number;
  readonly out: string;
  readonly err: string;
}

/** The program in this process: words in, text and exit code out. */
export async function tell(...words: string[]): Promise<Told> {
  const { terminal, lines, notes } = recordingTerminal();
  const code = await main(words, { terminal, signal: new AbortController().signal });
  return { code, out: lines.join('\n'), err: notes.join('\n') };
}

/** tfjs-node is installed where its download or its wheel could be had. */
export function hasTfjsNode(): boolean {
  return existsSync(new URL('../../node_modules/@tensorflow/tfjs-node/dist/index.js', import.meta.url));
}
