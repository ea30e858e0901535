/** Programs of torch.export: stored ones with changed graphs, and random graphs beside what they must give. */

import { readFileSync } from 'node:fs';
import * as tf from '@tensorflow/tfjs';
import type { LayerVariable } from '@tensorflow/tfjs-layers';
import { unzipSync, zipSync } from 'fflate';
import type { TorchProgram } from '../../../src/program/index.js';
import { programBytes } from '../../support/program-files.js';
import type { Random } from '../../support/random.js';
import type { Verdict } from './judge.js';
import { judgeProgram } from './judge-program.js';
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

  judge(bytes: Uint8Array): Promise<Verdict> {
    const { expected } = this;
    return expected ? judgeProgram(bytes, (program) => compare(program, expected)) : judgeProgram(bytes);
  }

  remove(): void {}
}

async function compare(program: TorchProgram, expected: Expected): Promise<Verdict> {
  const x = tf.tensor([...expected.input], [...expected.shape]);
  let results: tf.Tensor[] = [];
  try {
    results = [program.forward(x) as tf.Tensor | tf.Tensor[]].flat();
    for (const [i, output] of expected.outputs.entries())
      same(`output ${i}`, await (results[i] as tf.Tensor).data(), output);
    same('input', await x.data(), Float32Array.from(expected.input));
    same('buffer', await (program.weights[0] as LayerVariable).read().data(), expected.buffer);
    return 'read';
  } finally {
    tf.dispose([x, results]);
  }
}

/** The numbers are whole, and small enough to be exact, or all too large. */
function same(what: string, actual: ArrayLike<number>, expected: Float32Array): void {
  const difference = expected.findIndex((value, i) => value !== actual[i] && !Number.isNaN(value));
  if (actual.length === expected.length && difference === -1) return;
  throw new Error(`${what}: [${Array.from(actual).join()}] in place of [${expected.join()}]`);
}
