import { type ChildProcess, spawn } from 'node:child_process';
import { createInterface } from 'node:readline';
import type { Readable } from 'node:stream';
import { fileURLToPath } from 'node:url';
import { parseFixture } from '../../spec/support/fixtures.js';

const TORCH_VERSION = '2.13';
const PYTHON = process.env.TORCH_PYTHON ?? 'python3';
const REMEDY =
  'Run `pip install -r scripts/requirements.txt`, or name the Python that has it in the variable TORCH_PYTHON.';

type Answer<T> = { readonly result: T } | { readonly error: string };

/** A Python process that runs PyTorch; see torch_oracle.py for what it can be asked. */
export class Oracle {
  private stderr = '';
  private readonly lines: AsyncIterator<string>;

  private constructor(private readonly child: ChildProcess) {
    child.stderr?.on('data', (chunk) => {
      this.stderr += chunk;
    });
    child.on('error', (error) => {
      this.stderr += error.message;
    });
    // A process that ended takes no more requests; the missing answer says so.
    child.stdin?.on('error', () => {});
    this.lines = createInterface({ input: child.stdout as Readable })[Symbol.asyncIterator]();
  }

  /** @throws Error with the remedy when Python, PyTorch of the right version or safetensors is missing. */
  static async start(): Promise<Oracle> {
    const script = fileURLToPath(new URL('../torch_oracle.py', import.meta.url));
    const oracle = new Oracle(spawn(PYTHON, [script], { stdio: 'pipe' }));
    const { torch } = await oracle.answer<{ torch: string }>();
    if (torch.startsWith(`${TORCH_VERSION}.`)) return oracle;
    oracle.stop();
    throw new Error(`PyTorch ${TORCH_VERSION} is the reference, found ${torch}. ${REMEDY}`);
  }

  /** One at a time: the answer to a request comes before the next request. */
  async ask<T>(request: { readonly command: string; readonly [key: string]: unknown }): Promise<T> {
    this.child.stdin?.write(`${JSON.stringify(request)}\n`);
    return this.answer<T>();
  }

  stop(): void {
    this.child.stdin?.end();
  }

  private async answer<T>(): Promise<T> {
    const line = await this.lines.next();
    if (line.done) {
      const reason = this.stderr.trim().split('\n').at(-1) ?? '';
      throw new Error(`${PYTHON} cannot run PyTorch ${TORCH_VERSION}: ${reason}. ${REMEDY}`);
    }
    const answer = parseFixture<Answer<T>>(line.value);
    if ('error' in answer) throw new Error(`torch_oracle.py:\n${answer.error}`);
    return answer.result;
  }
}
