import * as tf from '@tensorflow/tfjs';
import { expect } from 'chai';
import { judge, judgedBy } from '../../../src/cli/verify/judge.js';
import { type LayerCall, runLayer } from '../../../src/cli/verify/layer/run-layer.js';
import { allowedErrors, isTelling, type Numbers, runJudged } from '../../../src/cli/verify/rounding.js';
import { readStateDict } from '../../../src/state-dict/read.js';
import type { StateDict, TorchTensor } from '../../../src/state-dict/tensors/tensor.js';
import type { RecurrentModule } from '../../../src/torch/modules.js';
import { recogniseModules } from '../../../src/torch/recognise.js';
import { type FloatTensor, LAYER_MODULES, type LayerRun, layerFixtures } from '../../support/fixtures.js';
import { VARIANTS } from '../../support/variants/index.js';
import { cliFixture } from '../support.js';

/** A wrong version must be off by this many times what is allowed. */
const REJECTED = 10;

/** The largest part of what is allowed that a right layer needs. */
const NEEDED = 0.5;

function callOf(
  stateDict: StateDict,
  batchFirst: boolean,
  nonlinearity: 'tanh' | 'relu' = 'tanh',
): LayerCall {
  const [module] = recogniseModules(stateDict);
  return { module: module as RecurrentModule, batchFirst, nonlinearity };
}

/** The errors of an output, as parts of what is allowed of them. */
async function judged(run: LayerRun) {
  const { batchFirst, nonlinearity } = run.config;
  const call = callOf(run.stateDict, batchFirst, nonlinearity);
  const numbers: Numbers = { weights: run.stateDict, inputs: [run.x, run.h0, run.c0] };
  const answers = await judgedBy(undefined, numbers, (moved) => runLayer(call, moved));
  const axis = run.x.shape.length === 3 && batchFirst ? 1 : 0;
  const steps = { axis, directions: run.config.bidirectional ? 2 : 1 } as const;
  return (values: ArrayLike<number>) => {
    const tensor: TorchTensor = { dtype: 'F32', shape: run.output.shape, data: Float32Array.from(values) };
    return judge({ option: '--expected', name: 'output', tensor }, answers, undefined, steps);
  };
}

/** A GRU whose weights are 6.5 times torch's initial ones, over 300 steps: every rounding grows. */
async function magnifying(): Promise<LayerRun> {
  const file = await readStateDict(cliFixture('rounding.safetensors'));
  const stateDict = new Map(
    [...file].filter(([key]) => key.startsWith('gru.')).map(([key, value]) => [key.slice(4), value]),
  );
  const [x, output] = [file.get('x'), file.get('y')] as [FloatTensor, FloatTensor];
  const config = {
    inputSize: 4,
    hiddenSize: 64,
    bias: true,
    numLayers: 1,
    batchFirst: false,
    bidirectional: false,
  };
  const hn: FloatTensor = { dtype: 'F32', shape: [1, 1, 64], data: output.data.slice(-64) };
  return { name: 'magnifying', module: 'GRU', config, stateDict, x, output, hn, R: output };
}

describe('what rounding can do', function () {
  this.timeout(120_000);
  before(() => tf.setBackend('cpu'));

  it('lets a layer pass that magnifies rounding beyond 1e-5, and tells its first steps sharply', async () => {
    const run = await magnifying();
    const { exceeding, untold, worst } = (await judged(run))(run.output.data);
    expect({ exceeding, untold }).to.deep.equal({ exceeding: 0, untold: 0 });
    expect(worst.error)
      .to.be.above(8e-6)
      .and.below(NEEDED * worst.allowed);
    const first = Float32Array.from(run.output.data, (value, i) => (i === 3 ? value + 2e-5 : value));
    expect((await judged(run))(first)).to.deep.include({ exceeding: 1, firstStep: 0 });
  });

  it('rejects wrong equations of that layer from its first steps on', async () => {
    const run = await magnifying();
    const judgeOf = await judged(run);
    const { compute, cellDeviations } = VARIANTS.GRU;
    for (const deviation of cellDeviations) {
      const { firstStep, worst } = judgeOf(compute(run, deviation).output);
      expect(firstStep, deviation).to.be.at.most(1);
      expect(worst.error / worst.allowed, deviation).to.be.above(REJECTED);
    }
  });

  for (const module of LAYER_MODULES) {
    const { compute, deviations } = VARIANTS[module];
    // Lengths and hn are not what `--expected` compares.
    const runs = layerFixtures(module).filter(({ lengths, output }) => !lengths && output.data.length > 0);

    it(`lets every right ${module} pass, and rejects wrong ones`, async () => {
      const rejected = new Set<string>();
      for (const run of runs) {
        const judgeOf = await judged(run);
        const right = judgeOf(run.output.data);
        expect(right.worst.error / right.worst.allowed, run.name).to.be.below(NEEDED);
        for (const deviation of deviations) {
          const { worst } = judgeOf(compute(run, deviation).output);
          if (worst.error / worst.allowed > REJECTED) rejected.add(deviation);
        }
      }
      const unseen = /hn|length/;
      const expected = deviations.filter((name) => !unseen.test(name));
      expect([...rejected].filter((name) => !unseen.test(name))).to.have.members(expected);
    });
  }

  it('moves every float by one unit in the last place, up or down, and no integer', async () => {
    const seen: Numbers[] = [];
    const weights: StateDict = new Map([
      ['w', { dtype: 'F32', shape: [3], data: Float32Array.of(1, -0.5, 0) }],
      ['half', { dtype: 'F16', shape: [1], data: Uint16Array.of(0x3c00) }],
      ['count', { dtype: 'I64', shape: [], data: BigInt64Array.of(5n) }],
    ]);
    const ids: TorchTensor = { dtype: 'I32', shape: [1], data: Int32Array.of(7) };
    await runJudged({ weights, inputs: [ids, undefined] }, async (numbers) => {
      seen.push(numbers);
      return new Map();
    });
    expect(seen).to.have.lengthOf(5);
    expect(seen[0]?.weights).to.equal(weights);
    for (const { weights: moved, inputs } of seen.slice(1)) {
      const [one, half, zero] = (moved.get('w') as FloatTensor).data as unknown as [number, number, number];
      expect([Math.abs(one - 1), Math.abs(half + 0.5), zero]).to.deep.equal([2 ** -23, 2 ** -24, 0]);
      expect(Math.abs(((moved.get('half') as FloatTensor).data[0] as number) - 1)).to.equal(2 ** -23);
      expect(moved.get('count')).to.equal(weights.get('count'));
      expect(inputs).to.deep.equal([ids, undefined]);
    }
  });

  it('carries what moved at a step on to the later ones; in a reverse direction to the earlier ones', () => {
    const expected = { shape: [3, 1, 2], values: new Float32Array(6) };
    const movement = Float64Array.of(0, 0, 1, 1, 0, 0);
    const reach = (directions: 1 | 2) =>
      [...allowedErrors(movement, expected, { axis: 0, directions })].map((a) => a / 4);
    expect(reach(1)).to.deep.equal([0, 0, 1, 1, 1, 1]);
    expect(reach(2)).to.deep.equal([0, 1, 1, 1, 1, 0]);
    expect([...allowedErrors(movement, expected, undefined)].map((a) => a / 4)).to.deep.equal([
      1, 1, 1, 1, 1, 1,
    ]);
  });

  it('allows what rounding the result itself takes where nothing moves', () => {
    const expected = { shape: [2], values: Float32Array.of(-3, NaN) };
    expect([...allowedErrors(new Float64Array(2), expected, undefined)]).to.deep.equal([
      3 * 2 ** -20,
      3 * 2 ** -20,
    ]);
  });

  it('says which values tell nothing, since rounding changes them by a large part', () => {
    const expected = { shape: [2], values: Float32Array.of(1, 2) };
    const tells = isTelling(Float64Array.of(0.09, 0.2), expected);
    expect([tells(0), tells(1)]).to.deep.equal([true, false]);
  });
});
