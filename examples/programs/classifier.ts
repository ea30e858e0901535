/**
 * A classifier of packed sequences as a program of PyTorch, trained on here: classifier.py exports it, and check.py loads it again.
 *
 *     npx tsx examples/programs/classifier.ts [FOLDER]
 */

import '../support/closed-pipe.js';
import { join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';
import * as tf from '@tensorflow/tfjs';
import { saveSafetensors, toStateDict } from 'tfjs-torch-rnn';
import { readExportedProgram } from 'tfjs-torch-rnn/program';
import { fileHandler } from '../node-fs-handler.js';
import { startBackend } from '../support/backend.js';
import { percent } from '../support/terminal.js';
import { check, readNumbers } from './support.js';

/** Those of classifier.py. */
const [TOPICS, STEPS, RATE] = [5, 12, 1];

await startBackend('wasm');
const folder = process.argv[2] ?? fileURLToPath(new URL('tuned', import.meta.url));
const numbers = await readNumbers('classifier.safetensors');
const [ids, lengths, labels] = [numbers('ids'), numbers('lengths'), numbers('labels')];

// torch's call.
const program = await readExportedProgram(new URL('classifier.pt2', import.meta.url));
const logits = program.forward(ids, lengths) as tf.Tensor;
check('logits', logits, numbers('logits'));
console.log(`      right: ${shareRight(logits)}`);

// A model of tf.layers, which trains the parameters of the program: its losses are those of PyTorch's training.
const inputs = [tf.input({ shape: [null], dtype: 'int32' }), tf.input({ shape: [1], dtype: 'int32' })];
const model = tf.model({ inputs, outputs: program.apply(inputs) as tf.SymbolicTensor });
model.compile({ optimizer: tf.train.sgd(RATE), loss: tf.losses.softmaxCrossEntropy });
const [x, y] = [[ids, tf.expandDims(lengths, 1)], tf.oneHot(labels.toInt(), TOPICS).toFloat()];
const { history } = await model.fit(x, y, { batchSize: ids.shape[0] as number, epochs: STEPS, verbose: 0 });
check('losses of fit', tf.tensor1d(history.loss as number[]), numbers('losses'));
const tuned = model.predict(x) as tf.Tensor;
console.log(`      right: ${shareRight(tuned)}`);

// Saved by tf, with the program in it, and loaded again.
await model.save(fileHandler(join(folder, 'saved')));
const loaded = await tf.loadLayersModel(fileHandler(join(folder, 'saved')));
check('logits of the model that was saved', loaded.predict(x) as tf.Tensor, tuned);

// Back to PyTorch, beside the logits that it is to give.
await saveSafetensors(join(folder, 'model.safetensors'), await toStateDict(program));
const data = (await tuned.data()) as Float32Array;
await saveSafetensors(
  join(folder, 'logits.safetensors'),
  new Map([['logits', { dtype: 'F32', shape: tuned.shape, data }]]),
);
console.log(`wrote ${relative('', folder) || '.'}; examples/programs/check.py loads it in PyTorch`);

function shareRight(logits: tf.Tensor): string {
  return tf.tidy(() =>
    percent(tf.mean(tf.equal(tf.argMax(logits, 1), labels).toFloat()).dataSync()[0] as number),
  );
}
