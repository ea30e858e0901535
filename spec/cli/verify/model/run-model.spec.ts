import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import * as tf from '@tensorflow/tfjs';
import { expect } from 'chai';
import { OUTPUT } from '../../../../src/cli/verify/expectations.js';
import { importModel, type Maker, runModel } from '../../../../src/cli/verify/model/run-model.js';
import type { Numbers } from '../../../../src/cli/verify/rounding.js';
import { readStateDict } from '../../../../src/state-dict/read.js';
import type { TorchTensor } from '../../../../src/state-dict/tensors/tensor.js';
import { cliFixture } from '../../support.js';
import build from './modules/build.js';
import { model as forward } from './modules/forward.js';

async function readArray(name: string): Promise<TorchTensor> {
  const [tensor] = (await readStateDict(cliFixture(`model/${name}.npy`))).values();
  return tensor as TorchTensor;
}

async function errorOf(promise: Promise<unknown>): Promise<Error> {
  return promise.then(
    () => expect.fail('it did not fail'),
    (error: Error) => error,
  );
}

describe('the model of a module', () => {
  let folder = '';
  let numbers: Numbers;
  let built: tf.LayersModel;
  before(async () => {
    await tf.setBackend('cpu');
    folder = mkdtempSync(join(tmpdir(), 'verify-module-'));
    const weights = await readStateDict(cliFixture('classifier.safetensors'));
    // Else each load warns of the row of zeros that padding_idx left.
    const embedding = weights.get('embedding.weight') as TorchTensor;
    const data = Float32Array.from(embedding.data as Float32Array, (value, i) => (i === 0 ? 1 : value));
    weights.set('embedding.weight', { ...embedding, data });
    numbers = { weights, inputs: [await readArray('ids')] };
    built = build(weights);
  });
  after(() => {
    rmSync(folder, { recursive: true });
    built.dispose();
  });

  let files = 0;
  function importSource(source: string): Promise<Maker> {
    const file = join(folder, `model${files++}.mjs`);
    writeFileSync(file, source);
    return importModel(file);
  }

  it('is what a module says: else an error says what it may be', async () => {
    const rule =
      'expected an export "default" or "model" that is a function from the state_dict to a tf model or a function from ' +
      'tensors to tensors, or a tf model, got';
    for (const [source, told] of [
      ['export const stateDict = 1, layer = 2;', `${rule} exports ["layer", "stateDict"]`],
      ['export default 3;', `${rule} 3`],
      [
        "import 'no-such-package';",
        "expected a module that can be imported, got Cannot find package 'no-such-package'",
      ],
    ] as const)
      expect((await errorOf(importSource(source))).message).to.include(told);
    const make = await importSource('export default () => 3;');
    expect((await errorOf(runModel(make, numbers, [{ name: OUTPUT, rank: 2 }]))).message).to.match(
      /: expected a function that returns a tf model or a function from tensors to tensors, got 3$/,
    );
    const own = await importSource('export default async () => { throw new Error("my own"); };');
    expect((await errorOf(runModel(own, numbers, [{ name: OUTPUT, rank: 2 }]))).message).to.equal('my own');
  });

  it('may be a function that returns one tensor, several, or some by name', async () => {
    const returning =
      (result: () => unknown): Maker =>
      async () =>
        result;
    const shapesOf = async (result: () => unknown, ...names: string[]) =>
      [
        ...(await runModel(
          returning(result),
          numbers,
          names.map((name) => ({ name, rank: 1 })),
        )),
      ].map(([name, { shape }]) => [name, shape]);
    const one = (size: number) => tf.zeros([size]);
    expect(await shapesOf(() => one(2), OUTPUT)).to.deep.equal([[OUTPUT, [2]]]);
    expect(await shapesOf(() => [one(2), one(3)], '1')).to.deep.equal([
      [OUTPUT, [2]],
      ['1', [3]],
    ]);
    expect(await shapesOf(async () => ({ gru: one(3), output: one(2) }), OUTPUT)).to.deep.equal([
      ['gru', [3]],
      [OUTPUT, [2]],
    ]);
    for (const wrong of [3, [], {}, { a: 1 }, null])
      expect((await errorOf(shapesOf(() => wrong, OUTPUT))).message).to.match(
        /expected a function that returns a tensor, a list of tensors or an object of tensors, got /,
      );
  });

  it('has errors that say which names and inputs there are', async () => {
    const [ids] = numbers.inputs;
    const made: Maker = async () => built;
    const byHand: Maker = async (weights) => forward(weights) as unknown as Awaited<ReturnType<Maker>>;
    for (const [make, inputs, name, told] of [
      [made, [ids], 'grru', 'expected names of layers ("embedding", "gru", "fc"), got "grru"'],
      [
        byHand,
        [ids],
        'fc',
        'expected names of what the function returns ("embedding", "gru", "output"), got "fc"',
      ],
      [made, [ids, ids], OUTPUT, 'expected 1 inputs, as the model takes ('],
    ] as const)
      expect((await errorOf(runModel(make, { ...numbers, inputs }, [{ name, rank: 2 }]))).message).to.include(
        told,
      );
  });
});
