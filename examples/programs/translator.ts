/** A sequence-to-sequence model with attention as a program of PyTorch: it reads numbers, "forty-two" as 42. translator.py exports it. */

import '../support/closed-pipe.js';
import * as tf from '@tensorflow/tfjs';
import { readExportedProgram } from 'tfjs-torch-rnn/program';
import { startBackend } from '../support/backend.js';
import { padRows } from '../support/batches.js';
import { check, readNumbers } from './support.js';

const LETTERS = 'abcdefghijklmnopqrstuvwxyz-';
const SHADES = ' .:-=+*#%@';

await startBackend('wasm');
const numbers = await readNumbers('translator.safetensors');

const program = await readExportedProgram(new URL('translator.pt2', import.meta.url));
const [digits, logits, attention] = program.forward(numbers('source')) as [tf.Tensor, tf.Tensor, tf.Tensor];

check('digits', digits, numbers('digits'));
check('logits', logits, numbers('logits'));
check('attention', attention, numbers('attention'));

// Words of another length, and where the model looks at for each digit.
const words = process.argv.length > 2 ? process.argv.slice(2) : ['forty-two', 'seven', 'ninety-one'];
const rows = words.map((word) => [...word].map((letter) => LETTERS.indexOf(letter) + 1));
const source = tf.tensor2d(padRows(rows, 0), undefined, 'int32');
const [answers, , weights] = program.forward(source) as [tf.Tensor2D, tf.Tensor, tf.Tensor3D];
const [read, looks] = [answers.arraySync(), weights.arraySync()];
for (const [row, word] of words.entries()) {
  console.log(`\n${word}  ${read[row]?.join('')}`);
  for (const [step, shares] of (looks[row] as number[][]).entries())
    console.log(
      `${shares
        .map((share) => SHADES[Math.floor(share * 9.99)])
        .join('')
        .slice(0, word.length)}  ${read[row]?.[step]}`,
    );
}
program.dispose();
