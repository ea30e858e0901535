import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { RecurrentFixture } from '../../support/fixtures.js';
import { askTorch, type CellCase, type LayerCase } from './cases.js';
import { withPoisonedPadding } from './compare.js';
import { Measurements } from './measurements.js';
import { CASES, commandFor, type Options, type Part } from './options.js';
import { Oracle } from './oracle.js';

/** The tests that a command repeats. */
export interface Replay {
  readonly part: Part;
  /** @default the session's */
  readonly seed?: number;
  /** @default all of the session's */
  readonly backend?: string;
}

/** What all parts of a run share: the options, the Python process, a folder for files, and the measurements. */
export class Session {
  readonly measurements = new Measurements();
  private running: { readonly oracle: Oracle; readonly folder: string } | undefined;
  private last: { readonly asked: object; readonly answer: Promise<RecurrentFixture> } | undefined;

  constructor(private readonly options: Options) {}

  get seed(): number {
    return this.options.seed;
  }

  get backends(): readonly string[] {
    return this.options.backends;
  }

  /** Once `start` has run. */
  get oracle(): Oracle {
    return this.started().oracle;
  }

  /** Holds files that go from one language to the other; `end` removes it. */
  get folder(): string {
    return this.started().folder;
  }

  async start(): Promise<void> {
    const oracle = await Oracle.start();
    this.running = { oracle, folder: await mkdtemp(join(tmpdir(), 'test-torch-')) };
  }

  async end(): Promise<void> {
    this.measurements.print();
    if (this.running === undefined) return;
    this.running.oracle.stop();
    await rm(this.running.folder, { recursive: true });
  }

  /** The command that repeats some tests; of random cases the one with the seed. */
  again({ part, seed = this.seed, backend }: Replay): string {
    return commandFor({
      seed,
      parts: [part],
      cases: Object.hasOwn(CASES, part) ? 1 : undefined,
      backends: backend === undefined ? this.backends : [backend],
    });
  }

  /** PyTorch's answer, with NaN in padded steps. It is kept until another case is asked: the backends take turns with one case. */
  ask<F extends RecurrentFixture>(asked: LayerCase | CellCase): Promise<F> {
    if (this.last?.asked !== asked)
      this.last = { asked, answer: askTorch(this.oracle, asked).then(withPoisonedPadding) };
    return this.last.answer as Promise<F>;
  }

  private started() {
    if (this.running === undefined) throw new Error('the session has not started');
    return this.running;
  }
}
