/** Character models trained beside PyTorch, exported, and evaluated there. */

import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import * as tf from '@tensorflow/tfjs';
import { characterModel, evaluate, fitCurve } from '../../spec/training/character-model.js';
import type { Cell, CurvesFixture } from '../../spec/training/fixtures.js';
import {
  ADAM_CURVE_TOLERANCE,
  largestError,
  relativeError,
  SGD_CURVE_TOLERANCE,
} from '../../spec/training/tolerance.js';
import { toStateDict, writeSafetensors } from '../../src/index.js';
import type { Oracle } from './oracle.js';
import { Random } from './random.js';
import type { Session } from './session.js';

/** The same weights in both libraries: one forward pass between them. Largest measured: ... */
const EVALUATION_TOLERANCE = 1e-6;

const CELLS: readonly Cell[] = ['GRU', 'LSTM', 'RNN'];

/** What oracle_training.py makes a model and its batches of. */
interface TrainingCase {
  readonly seed: number;
  readonly cell: Cell;
  readonly optimizer: 'sgd' | 'momentum' | 'adam';
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
    optimizer: random.pick(['sgd', 'momentum', 'adam']),
    embeddingSize: random.integer(3, 13),
    hiddenSize: random.integer(9, 21),
    numLayers: random.integer(1, 2),
    batch: random.integer(5, 11),
    steps: random.integer(3, 6),
  };
}

/** One model of each cell on the active backend. */
export async function compareTraining({ oracle, tally, seed, folder, replay }: Session): Promise<void> {
  for (const cell of CELLS) {
    const trainingCase = randomCase(seed, cell);
    const title = `training on ${tf.getBackend()} ${JSON.stringify(trainingCase)}`;
    await tally.check(title, replay({ part: 'training', backend: tf.getBackend() }), async () => {
      const before = tf.memory().numTensors;
      await compareRun(oracle, trainingCase, join(folder, 'trained.safetensors'));
      const leaked = tf.memory().numTensors - before;
      check(leaked === 0, `${leaked} tensors more than before`);
    });
  }
}

async function compareRun(oracle: Oracle, trainingCase: TrainingCase, path: string): Promise<void> {
  const fixture = await oracle.ask<CurvesFixture>({ command: 'train', ...trainingCase });
  const { task, stateDict, curves } = fixture;
  const { options, losses, heldOutLoss: expected } = curves[trainingCase.optimizer];
  const tolerance = trainingCase.optimizer === 'adam' ? ADAM_CURVE_TOLERANCE : SGD_CURVE_TOLERANCE;
  const model = characterModel(trainingCase.cell, stateDict);
  try {
    const error = largestError(await fitCurve(model, task, options), losses.data);
    check(error <= tolerance, `loss curve: ${error} > ${tolerance}`);
    await writeFile(path, writeSafetensors(await toStateDict(model)));
    const inTorch = await oracle.ask<{ heldOutLoss: number }>({
      command: 'evaluate_export',
      path,
      ...trainingCase,
    });
    const here = evaluate(model, task);
    const between = relativeError(here, inTorch.heldOutLoss);
    check(between <= EVALUATION_TOLERANCE, `loss of the export: ${between} > ${EVALUATION_TOLERANCE}`);
    const toTorchs = relativeError(inTorch.heldOutLoss, expected);
    check(toTorchs <= tolerance, `loss on held-out text: ${toTorchs} > ${tolerance}`);
  } finally {
    model.dispose();
  }
}

function check(holds: boolean, message: string): void {
  if (!holds) throw new Error(message);
}
