/** The runtimes that are compared, each with a number of threads in a process of its own. */

import { existsSync } from 'node:fs';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Backend } from '../../examples/support/backend.js';
import { LineProcess } from '../support/line-process.js';
import type { BenchCase, CellName } from './cases.js';
import type { Answer, Hello, Request } from './protocol.js';

export interface Kind {
  /** The name of its module in peers/, and on the command line. */
  readonly name: string;
  title(cell: CellName): string;
  /** Whether it can compute gradients. */
  readonly trains: boolean;
  /** Whether it computes torch's equations, so that its results can be checked. */
  readonly isTorch: boolean;
}

const TF_LAYERS: Readonly<Record<CellName, string>> = { gru: 'gru', lstm: 'lstm', rnn: 'simpleRNN' };

/** The others are compared with the first. */
export const KINDS: readonly Kind[] = [
  { name: 'ours', title: () => 'tfjs-torch-rnn', trains: true, isTorch: true },
  { name: 'reference', title: () => '  composed of tf ops', trains: true, isTorch: true },
  { name: 'tf-layers', title: (cell) => `tf.layers.${TF_LAYERS[cell]}`, trains: true, isTorch: false },
  { name: 'ort-web', title: () => 'onnxruntime-web', trains: false, isTorch: true },
  { name: 'ort-node', title: () => 'onnxruntime-node', trains: false, isTorch: true },
  { name: 'torch', title: () => 'PyTorch', trains: true, isTorch: true },
];

/** The peer took longer than its limit; its process has been killed. */
export class TooSlow extends Error {}

export class Contestant {
  /** The first answer of its process; undefined before the first start. */
  hello: Hello | undefined;
  private process: LineProcess | undefined;

  constructor(
    readonly kind: Kind,
    readonly threads: number,
    private readonly backend: Backend,
    /** Milliseconds that an answer may take. */
    private readonly limitMs: number,
  ) {}

  takesPartIn({ mode }: BenchCase): boolean {
    return this.kind.trains || mode === 'forward';
  }

  /** @throws Error where the runtime is not installed. */
  async start(): Promise<Hello> {
    const [command, args] = this.kind.name === 'torch' ? this.pythonCommand() : this.nodeCommand();
    // TensorFlow takes its number of threads from here.
    const threads = String(this.threads);
    const env = {
      ...process.env,
      TF_NUM_INTRAOP_THREADS: threads,
      TF_NUM_INTEROP_THREADS: threads,
      TF_CPP_MIN_LOG_LEVEL: '1',
    };
    this.process = new LineProcess(command, args, env);
    this.hello = await this.answer<Hello>(this.process);
    return this.hello;
  }

  /** Starts the process again where it had to be ended. @throws TooSlow; Error with what the peer says. */
  async ask<T>(request: Request): Promise<T> {
    if (!this.process) await this.start();
    const current = this.process as LineProcess;
    current.send(request);
    return this.answer<T>(current);
  }

  stop(): void {
    this.process?.end();
    this.process = undefined;
  }

  private async answer<T>(current: LineProcess): Promise<T> {
    try {
      const line = await this.lineWithinLimit(current);
      if (line === undefined) throw new Error(`the process has ended: ${current.lastWords}`);
      const answer = JSON.parse(line) as Answer<T>;
      if ('error' in answer) throw new Error(answer.error);
      return answer.result;
    } catch (error) {
      // After a fault the state of the process is unknown.
      current.kill();
      this.process = undefined;
      throw error;
    }
  }

  private async lineWithinLimit(current: LineProcess): Promise<string | undefined> {
    let timer: NodeJS.Timeout | undefined;
    const limit = new Promise<never>((_, reject) => {
      timer = setTimeout(() => reject(new TooSlow(`more than ${this.limitMs / 1000} s`)), this.limitMs);
    });
    try {
      return await Promise.race([current.nextLine(), limit]);
    } finally {
      clearTimeout(timer);
    }
  }

  private nodeCommand(): [string, string[]] {
    const args = [this.kind.name, this.backend, String(this.threads)];
    return [process.execPath, ['--import', 'tsx', pathOf('serve.ts'), ...args]];
  }

  private pythonCommand(): [string, string[]] {
    return [torchPython(), [pathOf('peers/torch_peer.py'), String(this.threads)]];
  }
}

function pathOf(file: string): string {
  return fileURLToPath(new URL(file, import.meta.url));
}

/** TORCH_PYTHON, else the environment that .ci/run makes, else the one on the path. */
function torchPython(): string {
  const cache = process.env.XDG_CACHE_HOME ?? join(homedir(), '.cache');
  const made = join(cache, 'tfjs-torch-rnn', 'torch', 'bin', 'python');
  return process.env.TORCH_PYTHON ?? (existsSync(made) ? made : 'python3');
}
