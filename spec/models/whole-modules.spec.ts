import * as tf from '@tensorflow/tfjs';
import { expect } from 'chai';
import { conv1d } from '../../src/layers/conv/conv1d.js';
import { batchNorm } from '../../src/layers/norm/batch-norm.js';
import { groupNorm } from '../../src/layers/norm/group-norm.js';
import { RNN, type RNNArgs, rnn } from '../../src/layers/recurrent/rnn.js';
import { loadStateDict } from '../../src/models/load-state-dict.js';
import type { LoadTarget } from '../../src/models/target.js';
import { type AttributeValue, keepFacts } from '../../src/state-dict/module-facts.js';
import { parseStateDict } from '../../src/state-dict/parse.js';
import type { StateDict } from '../../src/state-dict/tensors/tensor.js';
import { fixtureBytes } from '../support/node/files.js';
import { UNHEARD } from '../support/unheard.js';
import { f32 } from './torch-modules.js';

/** Written by scripts/fixtures/make_whole_modules.py: its rnn has nonlinearity='relu', its norm eps=0.01. */
const net = (): StateDict =>
  parseStateDict(fixtureBytes('whole-modules/net.pt'), {
    onReport: () => undefined,
  });

const RELU =
  'nonlinearity is "tanh", where the file has nonlinearity="relu". Pass nonlinearity: "relu" to compute what the module does.';

function warningsOf(
  layer: tf.layers.Layer,
  target: LoadTarget,
  stateDict: StateDict,
  prefix = '',
): readonly string[] {
  const { warnings } = loadStateDict(target, stateDict, { ...UNHEARD, prefix, strict: true });
  layer.dispose();
  return warnings;
}

/** A state_dict of one module that the file of a whole module tells. */
function tellingOf(
  shapes: Readonly<Record<string, readonly number[]>>,
  className: string,
  attributes: Readonly<Record<string, AttributeValue>>,
): StateDict {
  const stateDict: StateDict = new Map(Object.entries(shapes).map(([key, shape]) => [key, f32(shape)]));
  const facts = {
    className: `torch.nn.modules.${className}`,
    attributes: new Map(Object.entries(attributes)),
  };
  keepFacts(stateDict, new Map([['', facts]]));
  return stateDict;
}

describe('a load from the file of a whole module', () => {
  before(() => tf.setBackend('cpu'));

  it('warns of a nonlinearity that is not that of the module, by prefix or path', () => {
    const layer = (args: Partial<RNNArgs> = {}) => rnn({ hiddenSize: 5, numLayers: 2, name: 'own', ...args });
    const first = layer();
    expect(warningsOf(first, first, net(), 'rnn')).to.deep.equal([`layer "own": ${RELU}`]);
    const told = net();
    for (const key of told.keys()) if (!key.startsWith('rnn.')) told.delete(key);
    const second = layer();
    expect(warningsOf(second, { rnn: second }, told)).to.deep.equal([`layer "rnn": ${RELU}`]);
  });

  it('is silent after the remedy', () => {
    const layer = rnn({ hiddenSize: 5, numLayers: 2, nonlinearity: 'relu' });
    expect(warningsOf(layer, layer, net(), 'rnn')).to.deep.equal([]);
  });

  it('warns of an eps that is not that of the module, and of no other', () => {
    const norm = (epsilon: number) =>
      tf.layers.layerNormalization({ name: 'norm', epsilon, inputShape: [5] } as object);
    const warned = (epsilon: number) => {
      const layer = norm(epsilon);
      return warningsOf(layer, layer, net(), 'norm');
    };
    expect(warned(0.01)).to.deep.equal([]);
    for (const epsilon of [1e-5, 1e-3])
      expect(warned(epsilon)).to.deep.equal([
        `layer "norm": epsilon is ${epsilon}, where the file has eps=0.01. Pass epsilon: 0.01 to compute what the module does.`,
      ]);
  });

  it("warns of the settings of this package's layers", () => {
    const vectors = { weight: [4], bias: [4] };
    const statistics = { ...vectors, running_mean: [4], running_var: [4] };
    const cases: [tf.layers.Layer, StateDict, string[]][] = [
      [
        groupNorm({ numGroups: 2 }),
        tellingOf(vectors, 'normalization.GroupNorm', { num_groups: 4, eps: 1e-5 }),
        ['numGroups'],
      ],
      [batchNorm(), tellingOf(statistics, 'batchnorm.BatchNorm1d', { eps: 0.1, momentum: 0.5 }), ['eps']],
      [
        conv1d({ outChannels: 4, kernelSize: 3, dilation: 2 }),
        tellingOf({ weight: [4, 4, 3], bias: [4] }, 'conv.Conv1d', {
          stride: [2],
          dilation: [2],
          padding: [1],
        }),
        ['stride'],
      ],
    ];
    for (const [layer, stateDict, names] of cases) {
      const warnings = warningsOf(layer, layer, stateDict);
      expect(warnings.map((text) => /": (\w+) is /.exec(text)?.[1])).to.deep.equal(names);
    }
  });

  it('does not compare attributes of other kinds, nor those of classes that are not of torch.nn', () => {
    const vectors = { weight: [4], bias: [4] };
    for (const eps of ['0.1', null, [0.1]]) {
      const layer = groupNorm({ numGroups: 2 });
      expect(warningsOf(layer, layer, tellingOf(vectors, 'normalization.GroupNorm', { eps }))).to.deep.equal(
        [],
      );
    }
    const layer = groupNorm({ numGroups: 2 });
    const own = tellingOf(vectors, 'x', {});
    keepFacts(own, new Map([['', { className: 'my.GroupNorm', attributes: new Map([['eps', 0.1]]) }]]));
    expect(warningsOf(layer, layer, own)).to.deep.equal([]);
  });

  it('is told by fromStateDict as well', () => {
    const heard: (readonly string[])[] = [];
    const onWarnings = (warnings: readonly string[]) => heard.push(warnings);
    RNN.fromStateDict(net(), { prefix: 'rnn', onWarnings }).dispose();
    RNN.fromStateDict(net(), { prefix: 'rnn', nonlinearity: 'relu', onWarnings }).dispose();
    expect(heard).to.deep.equal([[`module "rnn": ${RELU}`]]);
  });
});
