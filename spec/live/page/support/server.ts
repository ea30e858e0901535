/** The page as `npm run demo:web` serves it. */

import { type ChildProcess, execFile, spawn } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';

const ROOT = fileURLToPath(new URL('../../../../', import.meta.url));
const COMMAND = ['--import', 'tsx', 'examples/language-id/web/tools/main.ts'];

let server: ChildProcess | undefined;
let address: Promise<string> | undefined;

/** The address that the command prints, `http://localhost:PORT/`. */
export function servedPage(): Promise<string> {
  address ??= start();
  return address;
}

function start(): Promise<string> {
  const started = spawn(process.execPath, [...COMMAND, '--no-open', '--port', '0'], {
    cwd: ROOT,
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  server = started;
  return new Promise((resolve, reject) => {
    let output = '';
    const onData = (data: Buffer) => {
      output += data;
      const [found] = /http:\/\/localhost:\d+\//.exec(output) ?? [];
      if (found !== undefined) resolve(found);
    };
    started.stdout.on('data', onData);
    started.stderr.on('data', onData);
    started.on('exit', (code) => reject(new Error(`demo:web ended with ${code}: ${output}`)));
  });
}

export function stopServer(): void {
  server?.kill();
}

/** Runs the command to its end, and gives what it printed. */
export async function runCommand(...args: string[]): Promise<string> {
  const { stdout } = await promisify(execFile)(process.execPath, [...COMMAND, ...args], { cwd: ROOT });
  return stdout;
}
