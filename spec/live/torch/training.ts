/** Character models trained beside PyTorch, exported, and evaluated there. */

import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { type StateDict, toStateDict, writeSafetensors } from '../../../src/index.js';
import { Random } from '../../support/random.js';
import { characterModel, evaluate, fitCurve, heldOutLoss } from '../../training/character-model.js';
import type { Cell, CurvesFixture, TiedFixture } from '../../training/fixtures.js';
import { trainByHand } from '../../training/loop.js';
import { TIED, tiedModel } from '../../training/tied-model.js';
import {
  CURVE_TOLERANCE,
  EVALUATION_TOLERANCE,
  largestError,
  relativeError,
} from '../../training/tolerance.js';
import { checkOnEachBackend } from './backends.js';
import type { Session } from './session.js';

const CELLS: readonly Cell[] = ['GRU', 'LSTM', 'RNN'];

/** The request from which oracle/training.py makes a model and its batches. */
interface TrainingCase {
  readonly seed: number;
  readonly cell: Cell;
  readonly optimizer: 'sgd' | 'momentum' | 'rounded-adam';
  readonly embeddingSize: number;
  readonly hiddenSize: number;
  readonly numLayers: number;
  readonly batch: number;
  readonly steps: number;
}

function randomCase(seed: number, cell: Cell): TrainingCase {
  const random = new Random(seed);
  return {
    seed,
    cell,
    optimizer: random.pick(['sgd', 'momentum', 'rounded-adam']),
    embeddingSize: random.integer(3, 13),
    hiddenSize: random.integer(9, 21),
    numLayers: random.integer(1, 2),
    batch: random.integer(5, 11),
    steps: random.integer(3, 6),
  };
}

/** One model of each cell, and one with a tied decoder. */
export function compareTraining(session: Session): void {
  for (const [i, cell] of CELLS.entries()) {
    const trainingCase = randomCase(session.seed + i, cell);
    const part = { part: 'training' } as const;
    checkOnEachBackend(session, JSON.stringify(trainingCase), part, () => compareRun(session, trainingCase));
    checkOnEachBackend(session, `a tied ${cell}`, part, () => compareTied(session, cell));
  }
}

async function compareRun(session: Session, trainingCase: TrainingCase): Promise<void> {
  // The oracle skips models that are too sensitive to rounding, and returns the seed of the model that it took.
  const { seed, task, stateDict, curves } = await session.oracle.ask<CurvesFixture & { seed: number }>({
    command: 'train',
    ...trainingCase,
  });
  const { options, losses, heldOutLoss: expected } = curves[trainingCase.optimizer];
  const model = characterModel(trainingCase.cell, stateDict);
  try {
    checkAtMost(
      'loss curve',
      largestError(await fitCurve(model, task, options), losses.data),
      CURVE_TOLERANCE,
    );
    const request = { command: 'evaluate_export', ...trainingCase, seed };
    const inTorch = await evaluateInTorch(session, await toStateDict(model), request);
    checkAtMost('export', relativeError(await evaluate(model, task), inTorch), EVALUATION_TOLERANCE);
    checkAtMost('loss on held-out text', relativeError(inTorch, expected), CURVE_TOLERANCE);
  } finally {
    model.dispose();
  }
}

async function compareTied(session: Session, cell: Cell): Promise<void> {
  const request = { cell, seed: session.seed };
  const fixture = await session.oracle.ask<TiedFixture>({ command: 'train_tied', ...request });
  const { task, stateDict, options, losses, heldOutLoss: expected } = fixture;
  const model = tiedModel(cell, stateDict);
  try {
    const curve = await trainByHand(model, task, options, losses.data.length);
    checkAtMost('loss curve', largestError(curve, losses.data), CURVE_TOLERANCE);
    const exported = await toStateDict(model.body, { map: TIED });
    const inTorch = await evaluateInTorch(session, exported, { command: 'evaluate_tied', ...request });
    checkAtMost(
      'export',
      relativeError(await heldOutLoss(model.logits, task), inTorch),
      EVALUATION_TOLERANCE,
    );
    checkAtMost('loss on held-out text', relativeError(inTorch, expected), CURVE_TOLERANCE);
  } finally {
    model.body.dispose();
  }
}

/** PyTorch loads the weights strictly and returns the loss on held-out text. */
async function evaluateInTorch(
  { oracle, folder }: Session,
  stateDict: StateDict,
  request: { readonly command: string },
): Promise<number> {
  const path = join(folder, 'trained.safetensors');
  await writeFile(path, writeSafetensors(stateDict));
  return (await oracle.ask<{ heldOutLoss: number }>({ ...request, path })).heldOutLoss;
}

function checkAtMost(what: string, error: number, tolerance: number): void {
  if (!(error <= tolerance)) throw new Error(`${what}: ${error} > ${tolerance}`);
}
