/** What scripts/fixtures/training wrote: how PyTorch 2.13 learns, step by step. */

import { readdirSync, readFileSync } from 'node:fs';
import type { StateDict } from '../../src/state-dict/types.js';
import { type FloatTensor, type IntTensor, parseFixture } from '../support/fixtures.js';

const folder = new URL('../fixtures/torch/training/', import.meta.url);

export function trainingFixture<T>(name: string): T {
  return parseFixture<T>(readFileSync(new URL(`${name}.json`, folder), 'utf8'));
}

/** Windows of `steps` characters, each with the character that follows, by where they start in `text`. */
export interface Task {
  readonly text: string;
  /** A character's id is its position. */
  readonly vocabulary: string;
  /** T */
  readonly steps: number;
  /** `[updates, B]` */
  readonly starts: IntTensor;
  /** Of windows that no batch trains on. */
  readonly heldOutStarts: IntTensor;
}

export type Cell = 'GRU';

/** torch's arguments: of SGD without `eps`, of Adam with it. */
export interface OptimizerOptions {
  readonly lr: number;
  readonly momentum?: number;
  readonly eps?: number;
}

export interface Curve {
  readonly options: OptimizerOptions;
  /** Before each update, `[updates]`. */
  readonly losses: FloatTensor;
  /** Of the held-out windows, after the last update. */
  readonly heldOutLoss: number;
}

export interface CurvesFixture {
  readonly task: Task;
  readonly cell: Cell;
  readonly stateDict: StateDict;
  readonly curves: Readonly<Record<string, Curve>>;
}

export function curvesFixtures(): CurvesFixture[] {
  const names = readdirSync(folder).filter((file) => file.startsWith('curves-'));
  return names.sort().map((file) => trainingFixture<CurvesFixture>(file.replace(/\.json$/, '')));
}
