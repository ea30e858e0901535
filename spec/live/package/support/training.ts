// What every program of consumer/ that trains reports, and what PyTorch says of it.
import { readFileSync } from 'node:fs';
import { expect } from 'chai';
import type { KernelDescription } from '../../../../src/ops/describe-kernels.js';

/** Of losses and weights after three steps; measured: 1.2e-7. */
const TOLERANCE = 1e-6;

/** What consumer/program.mjs reports. */
export interface Training {
  readonly losses: readonly number[];
  readonly embedding: readonly number[];
  readonly predictions: readonly number[];
  readonly kernelNames: readonly string[];
  /** Of the backend that was active. */
  readonly described: KernelDescription;
}

/** What oracle/embedding_training.py stored. */
const torch: Pick<Training, 'losses' | 'embedding' | 'predictions'> = JSON.parse(
  readFileSync(new URL('../oracle/embedding-training.json', import.meta.url), 'utf8'),
);

export function expectClose(actual: readonly number[], expected: readonly number[], what: string): void {
  expect(actual.length, what).to.equal(expected.length);
  for (const [i, value] of expected.entries()) {
    expect(actual[i], `${what}[${i}]`).to.be.closeTo(value, TOLERANCE);
  }
}

export function expectTorchsNumbers({ losses, embedding, predictions }: Training): void {
  expect(losses.at(-1)).to.be.lessThan((losses[0] as number) * 0.7);
  expectClose(losses, torch.losses, 'losses');
  expectClose(embedding, torch.embedding, 'embedding');
  expectClose(predictions, torch.predictions, 'predictions');
}

/** The numbers of torch, and by the engine. */
export function expectTorchsTraining(training: Training): void {
  expectTorchsNumbers(training);
  expect(training.kernelNames).to.include('TorchRecurrent');
  expect(training.described).to.include({ implementation: 'fused', lastRun: 'fused', isActive: true });
}
