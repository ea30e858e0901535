import * as tf from '@tensorflow/tfjs';
import { expect } from 'chai';
import { StateDictError } from '../../src/errors.js';
import { groupNorm, gru, instanceNorm1d, toStateDict } from '../../src/index.js';
import { loadStateDict } from '../../src/models/load-state-dict.js';
import { describeEachBackend } from '../support/backends.js';
import { modelFixture, moduleFixtures } from '../support/fixtures.js';
import { expectForward } from '../support/parity.js';
import { tidied } from '../support/tidied.js';
import { UNHEARD } from '../support/unheard.js';
import { below, f32, inputOf, makersFor, outputOf, toTorchOrder } from './torch-modules.js';

describeEachBackend('loadStateDict against PyTorch', () => {
  for (const [name, fixture] of moduleFixtures()) {
    const { module, stateDict } = fixture;
    for (const [kind, make] of makersFor(fixture)) {
      const check = async (layer: tf.layers.Layer) => {
        await tidied(async () => {
          const output = outputOf(layer, module, inputOf(fixture));
          await expectForward(toTorchOrder(module, output), fixture.output, 'output');
        });
        layer.dispose();
      };

      it(`makes an unbuilt layer compute what ${name} does ${kind}`, async () => {
        const layer = make();
        loadStateDict(layer, stateDict, UNHEARD);
        await check(layer);
      });

      it(`makes a built layer compute what ${name} does ${kind}`, async () => {
        const layer = make();
        tf.tidy(() => {
          outputOf(layer, module, inputOf(fixture));
        });
        loadStateDict(layer, stateDict, UNHEARD);
        await check(layer);
      });
    }
  }

  it('makes a nested model compute what PyTorch does, its modules found through a map', async () => {
    const { modules, stateDict, ids, logits } = modelFixture();
    const model = wholeModel(ids.shape[1], true);
    const report = loadStateDict(model, stateDict, { map: modules });
    expect(report.loaded).to.have.members([...stateDict.keys()]);
    await expectLogits(model, logits);
  });

  it('takes the map as a function of the layer name', async () => {
    const { modules, stateDict, ids, finalLogits } = modelFixture();
    const model = wholeModel(ids.shape[1], false);
    loadStateDict(model, stateDict, { map: (name) => modules[name as keyof typeof modules] });
    await expectLogits(model, finalLogits);
  });

  it('finds the modules of nested models and wrapped layers by their joined names', async () => {
    const { modules, stateDict, ids, logits } = modelFixture();
    const encoder = tf.sequential({ name: 'encoder' });
    encoder.add(embeddingLayer(ids.shape[1]));
    encoder.add(gruLayer(true));
    const model = tf.sequential({
      layers: [encoder, tf.layers.timeDistributed({ name: 'head', layer: fcLayer() })],
    });
    const renamed = new Map(
      [...stateDict].map(([key, tensor]) => [
        key
          .replace(modules.embedding, 'encoder.embedding')
          .replace(modules.gru, 'encoder.gru')
          .replace(modules.fc, 'head'),
        tensor,
      ]),
    );
    loadStateDict(model, renamed);
    await expectLogits(model, logits);
  });
});

const fixture = modelFixture();
const shapeOf = (key: string) => fixture.stateDict.get(key)?.shape as readonly number[];
const { embedding, gru: gruPath, fc } = fixture.modules;

function embeddingLayer(inputLength: number) {
  const [inputDim, outputDim] = shapeOf(`${embedding}.weight`) as [number, number];
  return tf.layers.embedding({ name: 'embedding', inputDim, outputDim, inputLength });
}

function gruLayer(returnSequences: boolean) {
  const [, hiddenSize] = shapeOf(`${gruPath}.weight_hh_l0`) as [number, number];
  return gru({ name: 'gru', hiddenSize, numLayers: 3, bidirectional: true, returnSequences });
}

function fcLayer() {
  return tf.layers.dense({ name: 'fc', units: shapeOf(`${fc}.weight`)[0] as number });
}

/** Embedding, three bidirectional layers, Linear. */
function wholeModel(steps: number, returnSequences: boolean): tf.Sequential {
  return tf.sequential({ layers: [embeddingLayer(steps), gruLayer(returnSequences), fcLayer()] });
}

async function expectLogits(model: tf.Sequential, expected: typeof fixture.logits): Promise<void> {
  await tidied(async () => {
    const ids = tf.tensor(fixture.ids.data, [...fixture.ids.shape], 'int32');
    await expectForward(model.predict(ids) as tf.Tensor, expected, 'logits');
  });
  model.dispose();
}

describe('loadStateDict', () => {
  before(() => tf.setBackend('cpu'));

  const dense = (units: number, args: object = {}) => tf.layers.dense({ units, ...args });

  it('takes the keys below a prefix for a single layer, whatever its name', () => {
    const layer = dense(2, { name: 'another' });
    const stateDict = new Map([...below('head.fc', linear(3, 2)), ['other.weight', f32([1])]]);
    const report = loadStateDict(layer, stateDict, { prefix: 'head.fc' });
    expect(report.loaded).to.deep.equal(['head.fc.weight', 'head.fc.bias']);
    expect(report.unexpected).to.deep.equal([]);
    layer.dispose();
  });

  it('takes the keys below a prefix for a model', async () => {
    const model = tf.sequential({ layers: [dense(2, { name: 'fc', inputShape: [3] })] });
    loadStateDict(model, below('net.fc', linear(3, 2)), { prefix: 'net' });
    expect(await model.getWeights()[0]?.array()).to.deep.equal(transposeOf(f32([2, 3]).data));
    model.dispose();
  });

  it('maps a single layer by its name', () => {
    const layer = dense(2, { name: 'fc' });
    const report = loadStateDict(layer, below('head', linear(3, 2)), { map: { fc: 'head' } });
    expect(report.loaded).to.deep.equal(['head.weight', 'head.bias']);
    layer.dispose();
  });

  it('maps a nested model, and with it the layers inside', () => {
    const inner = tf.sequential({ name: 'inner', layers: [dense(2, { name: 'fc', inputShape: [3] })] });
    const model = tf.sequential({ layers: [inner] });
    const report = loadStateDict(model, below('backbone.fc', linear(3, 2)), { map: { inner: 'backbone' } });
    expect(report.loaded).to.deep.equal(['backbone.fc.weight', 'backbone.fc.bias']);
    model.dispose();
  });

  it('gives the weights of a layer it builds the names that saving needs', () => {
    const layer = dense(2, { name: 'fc' });
    loadStateDict(layer, linear(3, 2));
    expect(layer.weights.map(({ originalName }) => originalName)).to.deep.equal(['fc/kernel', 'fc/bias']);
    layer.dispose();
  });

  it('builds the layer inside tf.layers.timeDistributed under the name of the wrapper, as tf.layers does', () => {
    const namesOf = (layer: tf.layers.Layer) => layer.weights.map(({ originalName }) => originalName);
    const wrapper = () => tf.layers.timeDistributed({ name: 'steps', layer: dense(2, { name: 'fc' }) });
    const [loaded, applied] = [wrapper(), wrapper()];
    loadStateDict(loaded, linear(3, 2));
    tf.tidy(() => {
      for (const layer of [loaded, applied])
        expect((layer.apply(tf.ones([1, 4, 3])) as tf.Tensor).shape).to.deep.equal([1, 4, 2]);
    });
    expect(namesOf(loaded)).to.deep.equal(namesOf(applied));
    expect(namesOf(loaded)).to.deep.equal(['steps/kernel', 'steps/bias']);
    loaded.dispose();
    applied.dispose();
  });

  it('leaves open the sizes that the file does not determine in a layer it builds', () => {
    const norm = tf.layers.batchNormalization({ epsilon: 1e-5 });
    loadStateDict(norm, new Map(['weight', 'bias', 'running_mean', 'running_var'].map((k) => [k, f32([3])])));
    tf.tidy(() => {
      for (const shape of [
        [2, 3],
        [2, 4, 3],
        [2, 4, 5, 3],
      ])
        expect((norm.apply(tf.ones(shape)) as tf.Tensor).shape).to.deep.equal(shape);
      expect(() => norm.apply(tf.ones([2, 4]))).to.throw(/expected axis -1 of input shape to have value 3/);
    });
    norm.dispose();
    const act = tf.layers.prelu({ sharedAxes: [1] } as object);
    loadStateDict(act, new Map([['weight', f32([3])]]));
    tf.tidy(() => {
      for (const steps of [4, 7])
        expect((act.apply(tf.ones([2, steps, 3])) as tf.Tensor).shape[1]).to.equal(steps);
    });
    act.dispose();
  });

  it('asks no shape for a norm that has no weights', async () => {
    const layers = {
      gru: gru({ hiddenSize: 2 }),
      instance: instanceNorm1d(),
      group: groupNorm({ numGroups: 2, affine: false }),
    };
    const source = gru({ hiddenSize: 2 });
    source.apply(tf.zeros([1, 1, 4]));
    const stateDict = await toStateDict({ gru: source });
    expect(loadStateDict(layers, stateDict).loaded).to.have.lengthOf(4);
    expect([...(await toStateDict(layers)).keys()]).to.have.members([...stateDict.keys()]);
    tf.tidy(() => {
      const x = tf.randomNormal([2, 5, 4]);
      expect((layers.group.apply(layers.instance.apply(x)) as tf.Tensor).shape).to.deep.equal([2, 5, 4]);
    });
  });

  it('builds a PReLU that serves inputs of every rank, as torch.nn.PReLU does', async () => {
    const prelu = (args: object, values: readonly number[]) => {
      const layer = tf.layers.prelu(args as object);
      loadStateDict(layer, new Map([['weight', f32([values.length], values)]]));
      return layer;
    };
    const cases: [layer: tf.layers.Layer, shape: number[], expected: number[]][] = [
      [prelu({ sharedAxes: [1, 2] }, [0.5]), [1, 2, 2, 3], new Array(12).fill(-0.5)],
      [prelu({ sharedAxes: [1, 2] }, [0.5]), [1, 2, 3], new Array(6).fill(-0.5)],
      [prelu({}, [0.5]), [2, 3], new Array(6).fill(-0.5)],
      [
        prelu({ sharedAxes: [1] }, [1, 2, 3]),
        [1, 2, 2, 3],
        [1, 2, 3, 1, 2, 3, 1, 2, 3, 1, 2, 3].map((n) => -n),
      ],
    ];
    for (const [layer, shape, expected] of cases) {
      await tidied(async () => {
        const output = layer.apply(tf.fill(shape, -1)) as tf.Tensor;
        expect(output.shape).to.deep.equal(shape);
        expect([...(await output.data())]).to.deep.equal(expected);
      });
      layer.dispose();
    }
    const strict = prelu({ sharedAxes: [1] }, [1, 2, 3]);
    expect(() => tf.tidy(() => void strict.apply(tf.ones([2, 3])))).to.throw(/min_ndim=3/);
    expect(() => tf.tidy(() => void strict.apply(tf.ones([2, 4, 2])))).to.throw(/axis -1/);
    strict.dispose();
  });

  it('keeps the weights a constructor was given for keys that the file lacks', async () => {
    const given = [tf.fill([3, 2], 0.5), tf.fill([2], 0.25)];
    const layer = dense(2, { weights: given });
    loadStateDict(layer, new Map([['weight', f32([2, 3])]]), { strict: false, ...UNHEARD });
    expect(await layer.getWeights()[0]?.array()).to.deep.equal(transposeOf(f32([2, 3]).data));
    expect([...(await (layer.getWeights()[1] as tf.Tensor).data())]).to.deep.equal([0.25, 0.25]);
    layer.dispose();
    tf.dispose(given);
  });

  it('loads channels-first convolutions, whose weights are the same', () => {
    const layer = tf.layers.conv2d({
      filters: 2,
      kernelSize: [2, 3],
      dataFormat: 'channelsFirst',
      useBias: false,
    });
    loadStateDict(layer, new Map([['weight', f32([2, 4, 2, 3])]]));
    expect(layer.weights[0]?.shape).to.deep.equal([2, 3, 4, 2]);
    layer.dispose();
  });

  it('loads a layer that two models share under both names', () => {
    const shared = dense(3, { name: 'shared', inputShape: [3] });
    const one = tf.sequential({ name: 'one', layers: [shared] });
    const input = tf.input({ shape: [3] });
    const output = shared.apply(one.apply(input)) as tf.SymbolicTensor;
    const model = tf.model({ inputs: input, outputs: output });
    const both = new Map([...below('one.shared', linear(3, 3)), ...below('shared', linear(3, 3))]);
    expect(loadStateDict(model, both).loaded).to.have.members([...both.keys()]);
    const single = below('shared', linear(3, 3));
    const map = { 'one.shared': 'shared' };
    expect(loadStateDict(model, single, { map }).loaded).to.have.members([...single.keys()]);
    tf.dispose(model.weights.map((weight) => weight.read()));
  });

  it('keeps a copy, so that the file may be changed or forgotten', async () => {
    const layer = dense(2, { useBias: false });
    const weight = f32([2, 3]);
    const table = tf.layers.embedding({ inputDim: 2, outputDim: 3 });
    loadStateDict(layer, new Map([['weight', weight]]));
    loadStateDict(table, new Map([['weight', weight]]));
    const before = await Promise.all(
      [...layer.getWeights(), ...table.getWeights()].map(async (tensor) => [...(await tensor.data())]),
    );
    (weight.data as Float32Array).fill(0);
    const after = await Promise.all(
      [...layer.getWeights(), ...table.getWeights()].map(async (tensor) => [...(await tensor.data())]),
    );
    expect(after).to.deep.equal(before);
    layer.dispose();
    table.dispose();
  });

  it('loads weights whatever their order, with some of them frozen', () => {
    const layer = dense(2, { trainable: false });
    loadStateDict(layer, linear(3, 2));
    expect(layer.weights.map(({ shape }) => shape)).to.deep.equal([[3, 2], [2]]);
    layer.dispose();
  });

  it('makes no tensor but the weights, and none on a second load', () => {
    const layer = dense(2);
    const before = tf.memory().numTensors;
    loadStateDict(layer, linear(3, 2));
    expect(tf.memory().numTensors).to.equal(before + 2);
    loadStateDict(layer, linear(3, 2));
    expect(tf.memory().numTensors).to.equal(before + 2);
    layer.dispose();
    expect(tf.memory().numTensors).to.equal(before);
  });

  it("reads each layer's configuration once, whatever there is to match, build and hint at", () => {
    const layers = [
      dense(2),
      gru({ hiddenSize: 2 }),
      tf.layers.batchNormalization({ axis: -1, epsilon: 1e-5 }),
    ];
    for (const layer of layers) {
      const getConfig = layer.getConfig.bind(layer);
      let reads = 0;
      layer.getConfig = () => {
        reads++;
        return getConfig();
      };
      expect(() => loadStateDict(layer, new Map([['bias_ih_l0', f32([4])]]))).to.throw(StateDictError);
      expect(reads, layer.getClassName()).to.equal(1);
    }
  });

  it('survives a tidy around it', async () => {
    const layer = dense(2);
    tf.tidy(() => {
      loadStateDict(layer, linear(3, 2));
    });
    expect(await layer.getWeights()[1]?.data()).to.deep.equal(f32([2]).data);
    layer.dispose();
  });
});

function linear(inputs: number, outputs: number) {
  return new Map([
    ['weight', f32([outputs, inputs])],
    ['bias', f32([outputs])],
  ]);
}

/** [2, 3] values, row-major, as nested [3, 2]. */
function transposeOf(data: ArrayLike<number | bigint>): number[][] {
  return [0, 1, 2].map((column) => [0, 1].map((row) => Number(data[row * 3 + column])));
}
