/**
 * The classic comparison: an LSTM and a GRU of the same size on the same input, forward. lstm-vs-gru.py is the original.
 *
 *     npx tsx examples/lstm-vs-gru.ts [--runs N] [--backend NAME]
 */

import { parseArgs } from 'node:util';
import * as tf from '@tensorflow/tfjs';
import { type GRU, gru, type LSTM, lstm } from 'tfjs-torch-rnn';
import { BACKENDS, type Backend, checkBackend, startBackend } from './support/backend.js';
import { runCommand } from './support/command.js';
import { bold, dim, table } from './support/terminal.js';

const [BATCH, STEPS, SIZE] = [32, 100, 256];

/** The first runs pay for compiling code and shaders. */
const WARM_UP = 2;

const HELP = `Times LSTM(${SIZE}, ${SIZE}) against GRU(${SIZE}, ${SIZE}) on [${BATCH}, ${STEPS}, ${SIZE}].

Usage: npx tsx examples/lstm-vs-gru.ts [--runs N] [--backend ${BACKENDS.join('|')}]

  --runs N        forward runs of each (default: 100)
  --backend NAME  ${BACKENDS.join(', ')} (default: ${BACKENDS[0]}); tensorflow needs npm run setup:tfjs-node
  --help          this text
`;

interface Options {
  readonly runs: number;
  readonly backend: Backend;
  readonly help: boolean;
}

function parse(args: readonly string[]): Options {
  const { values } = parseArgs({
    args: [...args],
    options: {
      runs: { type: 'string', default: '100' },
      backend: { type: 'string', default: BACKENDS[0] },
      help: { type: 'boolean', default: false },
    },
  });
  const { runs, backend, help } = values;
  if (!/^[1-9]\d{0,5}$/.test(runs))
    throw new RangeError(`--runs: expected an integer in 1..999999, got ${JSON.stringify(runs)}`);
  return { runs: Number(runs), backend: checkBackend(backend), help };
}

/** Milliseconds of one forward run, up to where the numbers are there: some backends compute when they are asked. */
async function timeForward(layer: LSTM | GRU, x: tf.Tensor): Promise<number> {
  const start = performance.now();
  const results = layer.forward(x);
  await results.output.data();
  const milliseconds = performance.now() - start;
  tf.dispose(Object.values(results));
  return milliseconds;
}

interface Times {
  readonly lstm: readonly number[];
  readonly gru: readonly number[];
}

/** In turns, and each first every other time, so that whatever else slows the machine slows both. */
async function timeInTurns(layers: { lstm: LSTM; gru: GRU }, x: tf.Tensor, runs: number): Promise<Times> {
  const times = { lstm: [] as number[], gru: [] as number[] };
  for (let run = 0; run < runs; run++)
    for (const name of run % 2 === 0 ? (['lstm', 'gru'] as const) : (['gru', 'lstm'] as const))
      times[name].push(await timeForward(layers[name], x));
  return times;
}

function sum(times: readonly number[]): number {
  return times.reduce((total, time) => total + time, 0);
}

function median(times: readonly number[]): number {
  const sorted = [...times].sort((a, b) => a - b);
  const middle = sorted.slice((sorted.length - 1) >> 1, (sorted.length >> 1) + 1);
  return sum(middle) / middle.length;
}

function seconds(milliseconds: number): string {
  return `${(milliseconds / 1000).toFixed(1)} s`;
}

function row(title: string, [a, b]: readonly [number, number], text: (value: number) => string): string[] {
  return [title, text(a), text(b), (a / b).toFixed(2)];
}

async function run({ runs, backend }: Options): Promise<boolean> {
  await startBackend(backend);
  const layers = {
    lstm: lstm({ inputSize: SIZE, hiddenSize: SIZE }),
    gru: gru({ inputSize: SIZE, hiddenSize: SIZE }),
  };
  const x = tf.randomNormal([BATCH, STEPS, SIZE]);
  console.log(bold(`LSTM(${SIZE}, ${SIZE}) and GRU(${SIZE}, ${SIZE}) on [${x.shape.join(', ')}]`));
  await timeInTurns(layers, x, WARM_UP - 1);
  const last = await timeInTurns(layers, x, 1);
  const expected = runs * (sum(last.lstm) + sum(last.gru));
  console.log(
    `forward, float32, ${backend} backend; ${runs} of each in turns, about ${seconds(expected)};\n` +
      'timed from the call until all of output can be read\n',
  );

  const times = await timeInTurns(layers, x, runs);
  const milliseconds = (value: number) => `${value.toFixed(1)} ms`;
  console.log(
    table([
      ['', 'LSTM', 'GRU', 'LSTM : GRU'].map(dim),
      ['gates', '4  i|f|g|o', '3  r|z|n', (4 / 3).toFixed(2)],
      row('parameters', [layers.lstm.countParams(), layers.gru.countParams()], (n) => n.toLocaleString('en')),
      row('median time', [median(times.lstm), median(times.gru)], milliseconds),
      row('total time', [sum(times.lstm), sum(times.gru)], seconds),
    ]),
  );
  x.dispose();
  for (const layer of Object.values(layers)) layer.dispose();
  return true;
}

await runCommand({ parse, help: HELP, run });
