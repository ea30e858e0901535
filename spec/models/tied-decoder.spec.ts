/** A Linear with a bias tied to an Embedding, beside parameters of no module, as PyTorch trains it. */

import * as tf from '@tensorflow/tfjs';
import { expect } from 'chai';
import { type LoadOptions, loadStateDict } from '../../src/models/load-state-dict.js';
import type { LayersByPath } from '../../src/models/target.js';
import { toStateDict } from '../../src/models/to-state-dict.js';
import { toTensor } from '../../src/models/to-tensor.js';
import { parseStateDict } from '../../src/state-dict/parse.js';
import type { StateDict, TorchTensor } from '../../src/state-dict/tensors/tensor.js';
import { describeEachBackend } from '../support/backends.js';
import { fixtureBytes } from '../support/node/files.js';
import { tidied } from '../support/tidied.js';
import { f32 } from './torch-modules.js';

/** What scripts/fixtures/make_tied.py wrote. */
function fixture(name: string): StateDict {
  return parseStateDict(fixtureBytes(`tied/${name}`));
}

const file = () => fixture('decoder.pt');
const answers = fixture('decoder.safetensors');
const answer = (name: string) => toTensor(answers.get(name) as TorchTensor);

/** float32 rounding of sums, through three updates. */
const LARGEST_ERROR = 1e-6;

const zeros = (shape: number[]) => tf.tidy(() => tf.variable(tf.zeros(shape)));
const embedding = () => tf.layers.embedding({ inputDim: 7, outputDim: 4 });
const MAP = { 'decoder.embedding': ['decoder.embedding', 'decoder.out'] };

interface Target {
  readonly [path: string]: tf.layers.Layer | tf.Variable;
}

const targetOf = (): Target => ({
  'decoder.embedding': embedding(),
  'decoder.out.bias': zeros([7]),
  'decoder.v': zeros([4]),
  'decoder.scale': zeros([]),
});

const variablesOf = (target: Target): tf.Variable[] =>
  Object.values(target).flatMap((holder) =>
    holder instanceof tf.Variable ? [holder] : holder.weights.map((weight) => weight.read() as tf.Variable),
  );

/** ids `[B, T]` -> logits `[B, T, 7]`. */
function forward(target: Target, ids: tf.Tensor): tf.Tensor {
  const layer = target['decoder.embedding'] as tf.layers.Layer;
  const [bias, v, scale] = ['out.bias', 'v', 'scale'].map((name) => target[`decoder.${name}`] as tf.Variable);
  const states = (layer.apply(ids) as tf.Tensor).mul(v).tanh().mul(scale);
  const [table] = layer.weights.map((weight) => weight.read() as tf.Tensor2D);
  return tf
    .matMul(states.reshape([-1, 4]), table, false, true)
    .add(bias)
    .reshape([...ids.shape, 7]);
}

async function expectNear(actual: tf.Tensor, name: string): Promise<void> {
  expect(await actual.sub(answer(name)).abs().max().array()).to.be.below(LARGEST_ERROR);
}

function disposeAll(target: LayersByPath): void {
  for (const holder of Object.values(target))
    if (holder instanceof tf.Variable || holder.built) holder.dispose();
}

function messageOf(target: LayersByPath, stateDict: StateDict, options: LoadOptions = {}): string {
  try {
    const { warnings } = loadStateDict(target, stateDict, { ...options, onWarnings: () => {} });
    return warnings.join('\n');
  } catch (error) {
    return (error as Error).message;
  }
}

/** The target and the map that a message gives, as JavaScript reads them. */
function remedyIn(text: string, layers: object): { target: Target; map?: typeof MAP } {
  const [, map] = /pass map: (\{.*?\})[ .,]/.exec(text) ?? [];
  const [, target] = /the target (\{.*?\})[.,]/.exec(text) ?? [];
  const read = (code: string | undefined) => new Function('tf', 'layers', `return (${code});`)(tf, layers);
  return { target: tf.tidy(() => read(target)) as Target, ...(map !== undefined && { map: read(map) }) };
}

describeEachBackend('a tie with a bias, and loose parameters', () => {
  it('computes, trains and is written as by PyTorch', async () => {
    const target = targetOf();
    expect(loadStateDict(target, file(), { map: MAP })).to.deep.include({
      missing: [],
      unexpected: [],
      warnings: [],
    });
    await tidied(() => expectNear(forward(target, answer('ids')), 'output'));
    const optimizer = tf.train.sgd(0.5);
    const losses: number[] = [];
    for (let i = 0; i < 3; i++)
      await tidied(async () => {
        const ids = answer('ids');
        const loss = () => {
          const logits = forward(target, ids.slice([0, 0], [2, 5])).reshape([10, 7]) as tf.Tensor2D;
          const wanted = tf.oneHot(ids.slice([0, 1], [2, 5]).flatten().toInt(), 7).toFloat();
          return logits.logSumExp(1).sub(logits.mul(wanted).sum(1)).mean().asScalar();
        };
        losses.push((await optimizer.minimize(loss, true, variablesOf(target))?.array()) as number);
      });
    const torch = [...((answers.get('losses') as TorchTensor).data as Float32Array)];
    for (const [i, loss] of losses.entries()) expect(loss).to.be.closeTo(torch[i] as number, LARGEST_ERROR);
    await tidied(() => expectNear(forward(target, answer('ids')), 'after'));
    const written = await toStateDict(target, { map: MAP });
    expect([...written.keys()].sort()).to.deep.equal([...file().keys()].sort());
    for (const [key, tensor] of written) await tidied(() => expectNear(toTensor(tensor), `trained.${key}`));
    expect(written.get('decoder.out.weight')?.data).to.deep.equal(
      written.get('decoder.embedding.weight')?.data,
    );
    optimizer.dispose();
    disposeAll(target);
  });
});

describe('ties that come apart', () => {
  before(() => tf.setBackend('cpu'));

  const apart = () => {
    const { 'decoder.out.bias': bias, ...others } = targetOf();
    bias?.dispose();
    return { ...others, 'decoder.out': tf.layers.dense({ units: 7 }) };
  };

  it('are told by the load, which names both weights and the way to tie them', async () => {
    const target = apart();
    const told = messageOf(target, file());
    expect(told).to.equal(
      '"decoder.embedding.weight" and "decoder.out.weight" are one tensor in the file, and two weights here, which training ' +
        'moves apart: PyTorch then loads one of the two. Where they are trained, leave "decoder.out" out, pass map: ' +
        '{ "decoder.embedding": ["decoder.embedding", "decoder.out"] } with the target { ...layers, "decoder.out.bias": ' +
        'tf.variable(tf.zeros([7])) }, and compute with the weight of "decoder.embedding".',
    );
    const { 'decoder.out': dense, ...layers } = target;
    const remedy = remedyIn(told, layers);
    expect(messageOf(remedy.target, file(), { map: remedy.map })).to.equal('');
    await tidied(() => expectNear(forward(remedy.target, answer('ids')), 'output'));
    disposeAll({ ...remedy.target, dense });
  });

  it('are told of a model, whose further parameters stand beside it', () => {
    const layers = () => [
      tf.layers.embedding({ name: 'embedding', inputDim: 7, outputDim: 4, inputShape: [null] }),
      tf.layers.dense({ name: 'out', units: 7 }),
    ];
    const weight = f32([7, 4]);
    const whole: StateDict = new Map([
      ['embedding.weight', weight],
      ['out.weight', weight],
      ['out.bias', f32([7])],
    ]);
    const both = tf.sequential({ layers: layers() });
    const told = loadStateDict(both, whole, { onWarnings: () => {} }).warnings.join();
    expect(told).to.contain('with the target { "": model, "out.bias": tf.variable(tf.zeros([7])) }');
    both.dispose();
    const model = tf.sequential({ layers: layers().slice(0, 1) });
    const target = { '': model, 'out.bias': zeros([7]) };
    expect(messageOf(target, whole, { map: { embedding: ['embedding', 'out'] } })).to.equal('');
    target['out.bias'].dispose();
    model.dispose();
  });

  it('are not told of equal values in two tensors', () => {
    const target = apart();
    const copied = new Map(
      [...file()].map(([key, tensor]) => [key, { ...tensor, data: tensor.data.slice() }]),
    );
    expect(messageOf(target, copied)).to.equal('');
    disposeAll(target);
  });

  it('are told of two layers of one class, for which one layer does', () => {
    const gate = () => tf.layers.dense({ units: 2 });
    const [weight, bias] = [f32([2, 3]), f32([2])];
    const shared: StateDict = new Map(
      ['a', 'b'].flatMap((path) => [[`${path}.weight`, weight] as const, [`${path}.bias`, bias] as const]),
    );
    const target = { a: gate(), b: gate() };
    const told = messageOf(target, shared);
    expect(told).to.match(/^"a\.weight" and "b\.weight", and 1 more, are one tensor/);
    expect(told).to.match(/leave "b" out, pass map: \{ "a": \["a", "b"\] \}, and compute with "a"\.$/);
    expect(messageOf({ a: target.a }, shared, { map: { a: ['a', 'b'] } })).to.equal('');
    const partly = new Map(shared).set('b.bias', f32([2], [5, 6]));
    const part = messageOf(target, partly);
    expect(part).to.match(
      /take their parameters as tf\.Variables, with map: \{ "a\.weight": \["a\.weight", "b\.weight"\] \}\.$/,
    );
    const variables = { 'a.weight': zeros([2, 3]), 'a.bias': zeros([2]), 'b.bias': zeros([2]) };
    expect(messageOf(variables, partly, { map: { 'a.weight': ['a.weight', 'b.weight'] } })).to.equal('');
    disposeAll({ ...target, ...variables });
  });
});

describe('ties that are mapped in another way', () => {
  before(() => tf.setBackend('cpu'));

  it('name the bias that a mapped embedding leaves, and the variable that takes it', async () => {
    const { 'decoder.out.bias': bias, ...layers } = targetOf();
    bias?.dispose();
    const told = messageOf(layers, file(), { map: MAP });
    expect(told).to.match(
      /Hint: "decoder\.out" has more than the weight of "decoder\.embedding": pass the target \{ \.\.\.layers, "decoder\.out\.bias": .* \}, and compute with it\.$/,
    );
    expect(told).to.not.contain('another class');
    const { target } = remedyIn(told, layers);
    expect(messageOf(target, file(), { map: MAP })).to.equal('');
    await tidied(() => expectNear(forward(target, answer('ids')), 'output'));
    disposeAll(target);
  });

  it('name the map and the variable where the output layer has none here', async () => {
    const { 'decoder.out.bias': bias, ...layers } = targetOf();
    bias?.dispose();
    const told = messageOf(layers, file());
    const { target, map } = remedyIn(told, layers);
    expect(map).to.deep.equal(MAP);
    expect(messageOf(target, file(), { map })).to.equal('');
    await tidied(() => expectNear(forward(target, answer('ids')), 'output'));
    disposeAll(target);
  });

  it('refuse an output layer beside a map that gives its weight to the embedding, at the load', () => {
    const target = { ...targetOf(), 'decoder.out': tf.layers.dense({ units: 7 }) };
    const { 'decoder.out.bias': bias, ...others } = target as Target;
    expect(messageOf(others, file(), { map: MAP })).to.equal(
      'loadStateDict: "decoder.out.weight": expected one layer, got "decoder.embedding" and "decoder.out". The map gives its ' +
        'weight to "decoder.embedding": leave "decoder.out" out, and give a tf.Variable to "decoder.out.bias"',
    );
    expect(messageOf(target, file())).to.match(
      /"decoder\.out\.bias": expected one layer, got "decoder\.out\.bias" and "decoder\.out"\. Leave one of the two out$/,
    );
    const { 'decoder.out': dense, ...remedy } = target as Target;
    expect(messageOf(remedy, file(), { map: MAP })).to.equal('');
    disposeAll({ ...remedy, ...(dense && { dense }) });
    bias?.dispose();
  });

  it('refuse a Linear with a bias that is mapped to the embedding: no name is made up', () => {
    const { 'decoder.out.bias': bias, 'decoder.embedding': table, ...others } = targetOf();
    bias?.dispose();
    const out = tf.layers.dense({ units: 7 });
    const map = { 'decoder.out': ['decoder.embedding', 'decoder.out'] };
    const told = messageOf({ ...others, 'decoder.out': out }, file(), { map });
    expect(told).to.contain('Missing key(s) in state_dict: "decoder.embedding.bias". ');
    expect(told).to.contain(
      'Hint: "decoder.embedding.bias" is missing, and the file has the weight as "decoder.out.bias": the modules at ' +
        '"decoder.embedding" and "decoder.out" share a part of their weights. Map a layer that has this part alone, such as the ' +
        'embedding, to both, and give each further parameter a tf.Variable.',
    );
    expect(told).to.not.contain('useBias');
    expect(out.built).to.equal(false);
    disposeAll({ ...others, ...(table && { table }) });
  });
});
