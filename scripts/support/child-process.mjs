// @ts-check
// Child processes with a time limit: a program that waits for a silent server must not stop a script for ever.
import { spawn } from 'node:child_process';

const HEARTBEAT_MS = 30_000;
const KEPT_OUTPUT = 64 * 1024;

/**
 * @typedef {object} RunOptions
 * @property {string | URL} [cwd]
 * @property {NodeJS.ProcessEnv} [env]
 * @property {number} limitMs the process and everything it started are killed after this many milliseconds
 * @property {boolean} [show] also print the output as it comes
 * @property {boolean} [shell]
 *
 * @typedef {object} RunResult
 * @property {boolean} ok exit status 0 within the limit
 * @property {boolean} timedOut
 * @property {string} stdout
 * @property {string} output the last 64 KiB of stdout and stderr together
 */

/**
 * Runs a program to its end and never rejects: a program that does not exist is a failed run whose output says so.
 *
 * @param {string} command
 * @param {readonly string[]} args
 * @param {RunOptions} options
 * @returns {Promise<RunResult>}
 */
export function run(command, args, { cwd, env = process.env, limitMs, show = false, shell = false }) {
  return new Promise((resolve) => {
    // A process group of its own (POSIX), so that the limit also ends the program's children.
    const detached = process.platform !== 'win32';
    const child = spawn(command, args, { cwd, env, shell, detached, stdio: ['ignore', 'pipe', 'pipe'] });
    let stdout = '';
    let output = '';
    let timedOut = false;

    /** @param {string} text */
    const keep = (text) => {
      output = (output + text).slice(-KEPT_OUTPUT);
      if (show) process.stderr.write(text);
    };
    const killAll = () => killGroup(child, detached);
    const stopOnSignal = () => {
      killAll();
      process.exit(130);
    };
    const limit = setTimeout(() => {
      timedOut = true;
      killAll();
    }, limitMs);
    const started = Date.now();
    const heartbeat = setInterval(() => {
      process.stderr.write(`  ... ${Math.round((Date.now() - started) / 1000)} s\n`);
    }, HEARTBEAT_MS);
    process.on('SIGINT', stopOnSignal).on('SIGTERM', stopOnSignal);

    child.stdout.setEncoding('utf8').on('data', (text) => {
      stdout += text;
      keep(text);
    });
    child.stderr.setEncoding('utf8').on('data', keep);

    /** @param {boolean} ok */
    const finish = (ok) => {
      clearTimeout(limit);
      clearInterval(heartbeat);
      process.off('SIGINT', stopOnSignal).off('SIGTERM', stopOnSignal);
      resolve({ ok, timedOut, stdout, output });
    };
    child.once('error', (error) => {
      keep(`${error.message}\n`);
      finish(false);
    });
    child.once('close', (code) => finish(code === 0 && !timedOut));
  });
}

/**
 * @param {import('node:child_process').ChildProcess} child
 * @param {boolean} isGroup
 */
function killGroup(child, isGroup) {
  if (child.pid === undefined) return;
  try {
    process.kill(isGroup ? -child.pid : child.pid, 'SIGKILL');
  } catch (error) {
    const gone = error instanceof Error && 'code' in error && error.code === 'ESRCH';
    if (!gone) throw error;
  }
}

/**
 * Runs npm: the one that started this script where there is one (`npm run`), else the one on the PATH.
 *
 * @param {readonly string[]} args
 * @param {RunOptions} options
 */
export function npm(args, options) {
  const startedBy = process.env.npm_execpath;
  if (startedBy !== undefined && /\.[cm]?js$/.test(startedBy)) {
    return run(process.execPath, [startedBy, ...args], options);
  }
  // npm is a .cmd file on Windows, which only a shell starts.
  return run('npm', args, { ...options, shell: process.platform === 'win32' });
}

/**
 * The line of a failed program's output that says why, for a one-line message.
 *
 * @param {RunResult} result
 * @returns {string}
 */
export function failureReason({ output, timedOut }) {
  if (timedOut) return 'it did not finish in time';
  const lines = output
    .split('\n')
    .map((line) => line.replace(/^npm (error|ERR!)\s*/, '').trim())
    .filter((line) => !/^(code|errno|syscall|path) /.test(line));
  const telling = lines.find((line) => /^(\w*Error|ERROR|error)\b.*: |\berror: |\bENO[A-Z]+\b/.test(line));
  const last = lines.filter((line) => line !== '' && !line.startsWith('A complete log of this run')).at(-1);
  return telling ?? last ?? 'it printed nothing';
}
