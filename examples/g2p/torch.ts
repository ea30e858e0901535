/** Asks PyTorch itself for its phonemes. */

import { type ChildProcess, spawn } from 'node:child_process';
import { text } from 'node:stream/consumers';
import { fileURLToPath } from 'node:url';

const SCRIPT = fileURLToPath(new URL('torch_answers.py', import.meta.url));
const REMEDY =
  'Run `pip install -r scripts/requirements.txt`, or name the Python that has it in the variable TORCH_PYTHON.';

/**
 * The phonemes of each word as PyTorch computes them, in one Python process.
 *
 * @throws Error with the remedy when Python, PyTorch of the right version or the model is missing.
 */
export async function askTorch(words: readonly string[]): Promise<string[]> {
  const python = process.env.TORCH_PYTHON ?? 'python3';
  const child = spawn(python, [SCRIPT], { stdio: 'pipe' });
  // A process that ended takes no more words; the reason says why it did.
  child.stdin.on('error', () => {}).end(words.map((word) => `${word}\n`).join(''));
  const [stdout, stderr, fault] = await Promise.all([text(child.stdout), text(child.stderr), faultOf(child)]);
  const reason = fault && (stderr.trim().split('\n').at(-1) || fault);
  if (reason) throw new Error(`${python} cannot ask PyTorch: ${reason}. ${REMEDY}`);
  const answers = stdout.split('\n').slice(0, -1);
  if (answers.length === words.length) return answers;
  throw new Error(`torch_answers.py: expected ${words.length} lines, got ${answers.length}`);
}

/** Resolves to what went wrong with a process, or undefined, when it has ended or could not start. */
function faultOf(child: ChildProcess): Promise<string | undefined> {
  return new Promise((resolve) => {
    child.on('error', ({ message }) => resolve(message));
    child.on('close', (code) => resolve(code === 0 ? undefined : `exit code ${code}`));
  });
}
