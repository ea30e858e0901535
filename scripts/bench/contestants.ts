/** The runtimes that are compared, each with a number of threads in a process of its own, or in a browser. */

import type { BenchCase, CellName } from './cases.js';
import type { Answer, Hello, Request } from './protocol.js';

export interface Kind {
  /** On the command line. */
  readonly name: string;
  /** The name of its module in peers/, where it has another one. */
  readonly module?: string;
  /** The backend of tfjs that it runs on, whatever `--backend` says. */
  readonly backend?: 'tensorflow';
  /** What it is to run of this package, as TFJS_TORCH_RNN_NATIVE says it: WebAssembly ('0') or an instruction set. */
  readonly engine?: string;
  title(cell: CellName): string;
  /** Whether it can compute gradients. */
  readonly trains: boolean;
  /** Whether it computes torch's equations, so that its results can be checked. */
  readonly isTorch: boolean;
}

const TF_LAYERS: Readonly<Record<CellName, string>> = { gru: 'gru', lstm: 'lstm', rnn: 'simpleRNN' };

/** On tfjs. */
export const TFJS_KINDS: readonly Kind[] = [
  { name: 'ours', title: () => 'tfjs-torch-rnn', trains: true, isTorch: true },
  { name: 'reference', title: () => '  composed of tf ops', trains: true, isTorch: true },
  { name: 'tf-layers', title: (cell) => `tf.layers.${TF_LAYERS[cell]}`, trains: true, isTorch: false },
];

export const INSTRUCTION_SETS = ['avx512', 'avx2', 'sse2', 'neon'];

/** This package on one engine. */
const onEngine = (name: string, engine: string, title = `on ${name}`): Kind => ({
  name,
  module: 'ours',
  engine,
  title: () => `  ${title}`,
  trains: true,
  isTorch: true,
});

/** The others are compared with the first, which runs on the engine that users get. */
export const KINDS: readonly Kind[] = [
  ...TFJS_KINDS.slice(0, 1),
  onEngine('wasm', '0', 'in WebAssembly'),
  ...INSTRUCTION_SETS.map((set) => onEngine(set, set)),
  ...TFJS_KINDS.slice(1),
  {
    name: 'tfjs-node',
    module: 'tf-layers',
    backend: 'tensorflow',
    title: (cell) => `tf.layers.${TF_LAYERS[cell]} on tensorflow`,
    trains: true,
    isTorch: false,
  },
  { name: 'ort-web', title: () => 'onnxruntime-web', trains: false, isTorch: true },
  { name: 'ort-node', title: () => 'onnxruntime-node', trains: false, isTorch: true },
  { name: 'torch', title: () => 'PyTorch', trains: true, isTorch: true },
];

/** The peer took longer than its limit, and has been ended. */
export class TooSlow extends Error {}

/** A peer that has been started. */
export interface Connection {
  /** What it says of itself. @throws Error where it has ended. */
  hello(): Promise<Answer<Hello>>;
  /** @throws Error where it has ended. */
  ask<T>(request: Request): Promise<Answer<T>>;
  /** No more requests follow. */
  end(): void;
  /** At once, whatever it does. */
  kill(): void;
}

export class Contestant {
  /** The first answer of its process; undefined before the first start. */
  hello: Hello | undefined;
  private connection: Connection | undefined;

  constructor(
    readonly kind: Kind,
    readonly threads: number,
    private readonly connect: () => Connection,
    /** Milliseconds that an answer may take. */
    private readonly limitMs: number,
  ) {}

  takesPartIn({ mode }: BenchCase): boolean {
    return this.kind.trains || mode === 'forward';
  }

  /** @throws Error where the runtime is not installed. */
  async start(): Promise<Hello> {
    const started = this.connect();
    this.connection = started;
    this.hello = await this.answer(started, () => started.hello());
    return this.hello;
  }

  /** Starts the peer again where it had to be ended. @throws TooSlow; Error with what the peer says. */
  async ask<T>(request: Request): Promise<T> {
    if (!this.connection) await this.start();
    const current = this.connection as Connection;
    return this.answer(current, () => current.ask<T>(request));
  }

  stop(): void {
    this.connection?.end();
    this.connection = undefined;
  }

  private async answer<T>(current: Connection, get: () => Promise<Answer<T>>): Promise<T> {
    try {
      const answer = await this.withinLimit(get());
      if ('error' in answer) throw new Error(answer.error);
      return answer.result;
    } catch (error) {
      // After a fault the state of the peer is unknown.
      current.kill();
      this.connection = undefined;
      throw error;
    }
  }

  private async withinLimit<T>(answer: Promise<T>): Promise<T> {
    let timer: NodeJS.Timeout | undefined;
    const limit = new Promise<never>((_, reject) => {
      timer = setTimeout(() => reject(new TooSlow(`more than ${this.limitMs / 1000} s`)), this.limitMs);
    });
    try {
      return await Promise.race([answer, limit]);
    } finally {
      clearTimeout(timer);
    }
  }
}
