/** The language identifier as a program of PyTorch: no layer is written here. export.py exports it. */

import '../support/closed-pipe.js';
import * as tf from '@tensorflow/tfjs';
import { readExportedProgram, type TorchProgram } from 'tfjs-torch-rnn/program';
import { startBackend } from '../support/backend.js';
import { padRows, runInBatches } from '../support/batches.js';
import { compare, readHeldOut } from './held-out.js';
import { createEncoder, PAD } from './text.js';
import { readDescription } from './trained.js';

/** As in main.ts: of logits that reach about 10. */
const TOLERANCE = 1e-4;

async function computeLogits(program: TorchProgram, rows: readonly (readonly number[])[]) {
  return runInBatches(rows, 32, async (batch) => {
    const tokens = tf.tensor2d(padRows(batch, PAD), undefined, 'int32');
    const lengths = tf.tensor1d(
      batch.map((row) => row.length),
      'int32',
    );
    const logits = program.forward(tokens, lengths) as tf.Tensor2D;
    const values = await logits.array();
    tf.dispose([tokens, lengths, logits]);
    return values.map((row) => Float32Array.from(row));
  });
}

await startBackend('wasm');
const { characters, languages } = await readDescription();
const heldOut = await readHeldOut(languages);
const program = await readExportedProgram(new URL('model.pt2', import.meta.url));
const logits = await computeLogits(program, heldOut.phrases.map(createEncoder(characters)));
const { accuracy, sameAnswers, maxDifference } = compare(heldOut, logits);
const total = heldOut.phrases.length;
console.log(`accuracy                 ${(100 * accuracy).toFixed(1)}%`);
console.log(`same answer as PyTorch   ${sameAnswers} of ${total}`);
console.log(`max |Δlogit| to PyTorch  ${maxDifference.toExponential(1)} (tolerance ${TOLERANCE})`);
if (sameAnswers < total || maxDifference > TOLERANCE) process.exitCode = 1;
program.dispose();
