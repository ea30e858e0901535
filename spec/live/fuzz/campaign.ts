/** Makes and judges the inputs of one format, and counts the verdicts. */

import { Random } from '../../support/random.js';
import { BrokenPrograms } from './broken/programs.js';
import { FORMATS, type FuzzInput } from './formats.js';
import { judge, judgeOtherWays, type Verdict } from './judge.js';
import { KerasModels } from './keras.js';
import { ExportedPrograms } from './programs.js';
import { ShardedModel } from './sharded.js';

/** Every eighth input is also read in the other ways. */
const OTHER_WAYS = 8;

/** Limit for one file of kilobytes; most files take less than a millisecond. */
const MAX_MS = 20_000;

export const FORMAT_NAMES: readonly string[] = [
  ...Object.keys(FORMATS),
  'keras',
  'exported',
  'broken',
  'sharded',
];

/** Identifies an input: the same three values give the same bytes on every machine. */
export interface InputId {
  readonly seed: number;
  readonly format: string;
  readonly index: number;
}

/** Makes and judges the inputs of one format. */
export class Campaign {
  /** How often each verdict was given. */
  readonly verdicts = new Map<Verdict, number>();
  slowestMs = 0;
  private readonly model?: BrokenPrograms | ExportedPrograms | KerasModels | ShardedModel;

  constructor(
    private readonly seed: number,
    readonly format: string,
  ) {
    if (format === 'sharded') this.model = new ShardedModel();
    if (format === 'exported') this.model = new ExportedPrograms();
    if (format === 'broken') this.model = new BrokenPrograms();
    if (format === 'keras') this.model = new KerasModels();
  }

  make(index: number): FuzzInput {
    const random = new Random(mixed(this.seed, this.format, index));
    return this.model
      ? { bytes: this.model.make(random) }
      : (FORMATS[this.format] as (typeof FORMATS)[string])(random);
  }

  /** @throws an error that no file may cause, or an Error that names the fault of the tensors. */
  async judge(index: number): Promise<void> {
    const input = this.make(index);
    const begin = performance.now();
    const verdict = await this.verdictOf(input, index);
    const ms = performance.now() - begin;
    this.slowestMs = Math.max(this.slowestMs, ms);
    this.verdicts.set(verdict, (this.verdicts.get(verdict) ?? 0) + 1);
    if (ms > MAX_MS) throw new Error(`it took ${Math.round(ms / 1000)} s`);
  }

  private async verdictOf(input: FuzzInput, index: number): Promise<Verdict> {
    if (this.model) return this.model.judge(input.bytes);
    const verdict = judge(input);
    if (index % OTHER_WAYS === 0) await judgeOtherWays(input, verdict);
    return verdict;
  }

  end(): void {
    this.model?.remove();
  }
}

/** Hashes the three values (FNV-1a), so that no two inputs share their random choices. */
function mixed(seed: number, format: string, index: number): number {
  let hash = 0x811c9dc5;
  for (const byte of Buffer.from(`${seed}/${format}/${index}`)) hash = Math.imul(hash ^ byte, 0x01000193);
  return hash;
}
