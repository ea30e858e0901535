/** Programs of torch.export: stored ones with changed graphs, and random graphs beside what they must give. */

import { readFileSync } from 'node:fs';
import * as tf from '@tensorflow/tfjs';
import type { LayerVariable } from '@tensorflow/tfjs-layers';
import { unzipSync, zipSync } from 'fflate';
import { FormatError, UnsupportedError } from '../../../src/errors.js';
import { readExportedProgram, type TorchProgram } from '../../../src/program/index.js';
import { formatCodes } from '../../../src/state-dict/rules/format-codes.js';
import { programBytes } from '../../support/program-files.js';
import type { Random } from '../../support/random.js';
import { LIMITS, type Verdict } from './judge.js';
import { mutatedText } from './text-mutations.js';
import { type Expected, randomViews } from './views.js';

const FIXTURES = new URL('../../fixtures/program/', import.meta.url);

const FILES = ['cache', 'counter', 'nested', 'states', 'tied', 'weights'].map((name) => {
  const bytes = new Uint8Array(readFileSync(new URL(`${name}.pt2`, FIXTURES)));
  return Object.entries(unzipSync(bytes));
});

const WORDS = [
  '"as_none"',
  '"as_tensor"',
  '"as_tensors"',
  '"as_int"',
  '"as_sym_int"',
  '"as_name"',
  '"as_graph"',
  '"as_expr"',
  '"torch.ops.aten.add.Tensor"',
  '"torch.ops.aten.relu_.default"',
  '"_operator.add"',
];

/** No program of the fixtures has a larger size, and a changed one makes no larger tensors. */
const LARGEST = 1000;

/** Errors of a call: a size, a type, a request. */
const TOLD = /: expected .+, got /s;

export class ExportedPrograms {
  private expected: Expected | undefined;

  make(random: Random): Uint8Array {
    this.expected = undefined;
    if (random.chance(0.4)) {
      const { spec, expected } = randomViews(random);
      this.expected = expected;
      return programBytes(spec);
    }
    const files = random.pick(FILES);
    const texts = files.filter(([name]) => name.endsWith('.json'));
    const changed = random.pick(
      random.chance(0.8) ? texts.filter(([name]) => name.endsWith('model.json')) : texts,
    );
    return zipSync(
      Object.fromEntries(
        files.map((file) => {
          const [name, bytes] = file;
          const donor = () => random.pick(texts)[1];
          return [name, file === changed ? mutatedText(bytes, random, donor, WORDS) : bytes];
        }),
      ),
      { level: 0 },
    );
  }

  async judge(bytes: Uint8Array): Promise<Verdict> {
    const first = await this.verdictOf(bytes);
    const again = await this.verdictOf(bytes);
    if (first !== again) throw new Error(`first ${first}, then ${again}`);
    return first;
  }

  private async verdictOf(bytes: Uint8Array): Promise<Verdict> {
    const before = tf.memory().numTensors;
    let verdict: Verdict;
    try {
      const program = await readExportedProgram(bytes, { limits: LIMITS, onWarnings: () => undefined });
      try {
        verdict = await this.run(program);
      } finally {
        program.dispose();
      }
    } catch (error) {
      verdict = nameOf(error);
    }
    const left = tf.memory().numTensors - before;
    if (left !== 0) throw new Error(`${left} tensors were left, after ${verdict}`);
    return verdict;
  }

  private async run(program: TorchProgram): Promise<Verdict> {
    program.describe();
    const { expected } = this;
    if (expected) {
      const x = tf.tensor([...expected.input], [...expected.shape]);
      try {
        await compare(program, x, expected);
      } finally {
        x.dispose();
      }
      return 'read';
    }
    const shapes = program.inputs.map(({ shape }) =>
      (shape ?? []).map((size) => (typeof size === 'number' ? size : 2)),
    );
    if (shapes.flat().some((size) => size < 0 || size > LARGEST)) return 'not called';
    const values = program.inputs.map(({ dtype }, i) =>
      dtype ? tf.ones(shapes[i] as number[], dtype as tf.DataType) : undefined,
    );
    try {
      tf.dispose(program.forward(...values) as tf.TensorContainer);
    } finally {
      tf.dispose(values as tf.TensorContainer);
    }
    return 'read';
  }

  remove(): void {}
}

async function compare(program: TorchProgram, x: tf.Tensor, expected: Expected): Promise<void> {
  const result = program.forward(x) as tf.Tensor | tf.Tensor[];
  const results = Array.isArray(result) ? result : [result];
  try {
    for (const [i, output] of expected.outputs.entries())
      same(`output ${i}`, await (results[i] as tf.Tensor).data(), output);
    same('input', await x.data(), Float32Array.from(expected.input));
    same('buffer', await (program.weights[0] as LayerVariable).read().data(), expected.buffer);
  } finally {
    tf.dispose(results);
  }
}

/** The numbers are whole, and small enough to be exact, or all too large. */
function same(what: string, actual: ArrayLike<number>, expected: Float32Array): void {
  const difference = expected.findIndex((value, i) => value !== actual[i] && !Number.isNaN(value));
  if (actual.length === expected.length && difference === -1) return;
  throw new Error(`${what}: [${Array.from(actual).join()}] in place of [${expected.join()}]`);
}

/** @throws the error itself where no file may cause it. */
function nameOf(error: unknown): Verdict {
  if (error instanceof FormatError && error.code in formatCodes) return error.code;
  if (error instanceof UnsupportedError) return 'unsupported';
  if ((error instanceof RangeError || error instanceof TypeError) && TOLD.test(error.message))
    return error.name;
  throw error;
}
