import * as tf from '@tensorflow/tfjs';
import { expect } from 'chai';
import { FormatError, UnsupportedError } from '../../src/index.js';
import { loadKerasModel } from '../../src/keras/index.js';
import { MAX_DEPTH } from '../../src/keras/json.js';
import { MaskKeys } from '../../src/keras/masks/keys.js';
import { graphOf } from '../../src/keras/topology/graph.js';
import { dataLayers } from '../../src/keras/topology/mask-layers.js';
import { MAX_CALLS } from '../../src/keras/topology/size.js';
import { toTfjsTopology } from '../../src/keras/topology/topology.js';
import { WeightNames } from '../../src/keras/weights/weight-names.js';
import { tidied } from '../support/tidied.js';
import { disposeModel } from './fixtures.js';
import { type Edit, edited, expectRefusal } from './support.js';
import { dense, functional, input, type Json, layer, ref, topology } from './topologies.js';

describe('the topology of a Keras model', () => {
  const BROKEN: readonly [what: string, layers: unknown[], text: string][] = [
    [
      'a name that no layer has',
      [input(), dense('a', [ref('gone')])],
      'inbound_nodes of layer "a": expected names of layers in the same model, got "gone"',
    ],
    [
      'a cycle',
      [input(), dense('a', [ref('b')]), dense('b', [ref('a')])],
      'expected inputs that do not depend on it, got a cycle',
    ],
    [
      'a layer that takes its own output',
      [input(), dense('a', [ref('a')])],
      'inbound_nodes of layer "a": expected inputs that',
    ],
    [
      'a cycle beside the way to the output',
      [input(), dense('a', [ref('x')]), dense('b', [ref('c')]), dense('c', [ref('b')])],
      'got a cycle',
    ],
    [
      'a node that its layer does not have',
      [input(), dense('a', [ref('x')]), dense('b', [ref('a', 1)])],
      'inbound_nodes of layer "b": expected a node 0..0 of "a", got ["a", 1, 0]',
    ],
    [
      'a node of an input',
      [input(), dense('a', [ref('x', 1)])],
      'expected a node 0..0 of "x", got ["x", 1, 0]',
    ],
    [
      'an output that a call does not have',
      [input(), dense('a', [ref('x', 0, 1)])],
      'inputs of layer "a": expected one of the 1 outputs of "x", got output 1',
    ],
    [
      'a layer that is not called',
      [input(), dense('idle'), dense('a', [ref('idle')])],
      'expected no reference to "idle", which is not called',
    ],
    [
      'another name than in the configuration',
      [input(), { ...dense('a', [ref('x')]), name: 'b' }],
      'name of layer "a": expected that in its config, got "b"',
    ],
    [
      'two layers of one name',
      [input(), dense('a', [ref('x')]), dense('a', [ref('x')])],
      'expected each name once, got "a" twice',
    ],
  ];

  for (const [what, layers, text] of BROKEN)
    it(`that has ${what} is a FormatError`, () =>
      expectRefusal(
        { modelTopology: topology(layers, ref('a')), weightSpecs: [], weightData: new ArrayBuffer(0) },
        FormatError,
        text,
      ));

  it('whose output no call has is a FormatError, also in a model inside', async () => {
    const wrong = functional([input(), dense('a', [ref('x')])], ref('a', 3), 'inner');
    const outer = [input(), { ...layer('Functional', wrong.config as Json, [ref('x')]), name: 'inner' }];
    const text = 'config.output_layers of layer "inner": expected a node 0..0 of "a", got ["a", 3, 0]';
    const modelTopology = topology(outer, ref('inner', 1));
    await expectRefusal(
      { modelTopology, weightSpecs: [], weightData: new ArrayBuffer(0) },
      FormatError,
      text,
    );
  });

  it('that is nested too deep, in a cycle of objects, or expands to too many calls is a FormatError', async () => {
    const refused = (modelTopology: unknown, text: string) =>
      expectRefusal({ modelTopology, weightSpecs: [], weightData: new ArrayBuffer(0) }, FormatError, text);
    const cyclic: Json = { class_name: 'Sequential', config: { name: 'a' } };
    (cyclic.config as Json).layers = [cyclic];
    await refused(cyclic, `modelTopology: expected values nested ${MAX_DEPTH} deep at most`);
    let model = functional([input(), dense('a', [ref('x')])], ref('a'), 'm0');
    for (let i = 1; i <= 20; i++) {
      const inner = {
        ...model,
        name: `m${i - 1}`,
        inbound_nodes: [[[...ref('x'), {}]], [[...ref(`m${i - 1}`, 1), {}]]],
      };
      model = functional([input(), inner], ref(`m${i - 1}`, 2), `m${i}`);
    }
    await refused(model, `expected ${MAX_CALLS} calls of layers at most`);
  });

  it('leaves out a masked recurrent layer that no output depends on, and tells that its weights are left', () => {
    const change = ({ model }: Edit) => (model.config.output_layers = [['forward', 0, 0]]);
    return expectRefusal(edited('3', 'masked', change), FormatError, 'unexpected: "backward/');
  });

  it('keeps the order of the calls of a layer that stands at several depths', async () => {
    const names = ['long', 'after', 'last'];
    const layers = [
      input(),
      dense('shared', [ref('long')], [ref('x')]),
      dense('long', [ref('x')]),
      dense('after', [ref('shared', 1)]),
      dense('last', [ref('after')]),
    ];
    const config = functional(layers, ref('last'));
    (config.config as Json).output_layers = [ref('shared', 0), ref('last')];
    const weights = ['shared', ...names].flatMap((name) => [
      { name: `${name}/kernel`, shape: [3, 3], dtype: 'float32' as const },
      { name: `${name}/bias`, shape: [3], dtype: 'float32' as const },
    ]);
    const values = Float32Array.from({ length: 4 * 12 }, (_, i) => Math.sin(i + 1));
    const model = await loadKerasModel({
      modelTopology: config,
      weightSpecs: weights,
      weightData: values.buffer,
    });
    await tidied(async () => {
      const x = tf.randomNormal([2, 4, 3]);
      const run = (y: tf.Tensor, name: string) => {
        const at = ['shared', ...names].indexOf(name) * 12;
        const kernel = tf.tensor2d(values.slice(at, at + 9), [3, 3]);
        return y
          .reshape([-1, 3])
          .matMul(kernel)
          .add(tf.tensor1d(values.slice(at + 9, at + 12)))
          .reshape([2, 4, 3]);
      };
      const [deep, last] = model.predict(x) as tf.Tensor[];
      const expected = [run(run(x, 'long'), 'shared'), run(run(run(x, 'shared'), 'after'), 'last')];
      for (const [i, y] of [deep, last].entries())
        expect((await y.sub(expected[i]).abs().max().array()) as number).to.be.below(1e-5);
    });
    disposeModel(model);
  });
});

/** Counts how often a property of any value in a topology is read. */
function counting(value: unknown, counter: { reads: number }): unknown {
  if (typeof value !== 'object' || value === null) return value;
  const copy = Array.isArray(value)
    ? value.map((child) => counting(child, counter))
    : Object.fromEntries(Object.entries(value).map(([key, child]) => [key, counting(child, counter)]));
  return new Proxy(copy, {
    get(target, key, receiver) {
      counter.reads++;
      return Reflect.get(target, key, receiver);
    },
  });
}

/** How many entries lists have, for which `run` calls a method of theirs. */
function counted(of: unknown[], method: 'find' | 'slice', run: () => void): number {
  const own = of[method] as (...args: unknown[]) => unknown;
  let entries = 0;
  const counting = function (this: unknown[], ...args: unknown[]) {
    entries += this.length;
    return own.apply(this, args);
  };
  Object.defineProperty(of, method, { value: counting, configurable: true, writable: true });
  try {
    run();
    return entries;
  } finally {
    Object.defineProperty(of, method, { value: own, configurable: true, writable: true });
  }
}

/** The reads that converting a model of `size` layers takes. */
function reads(make: (size: number) => object, size: number): number {
  const counter = { reads: 0 };
  toTfjsTopology(counting(make(size), counter) as never);
  return counter.reads;
}

describe('converting the topology of a Keras model reads', () => {
  const embed = layer('Embedding', { name: 'embed', input_dim: 5, output_dim: 3, mask_zero: true }, [
    ref('x'),
  ]);
  const chain = (size: number) => {
    const layers = Array.from({ length: size }, (_, i) =>
      dense(`d${i}`, [i === 0 ? ref('embed') : ref(`d${i - 1}`)]),
    );
    return topology([input(), embed, ...layers], ref(`d${size - 1}`));
  };
  const reversed = (size: number) => {
    const made = chain(size);
    (made.model_config.config.layers as unknown[]).reverse();
    return made;
  };
  const residual = (size: number) => {
    const blocks = Array.from({ length: size }, (_, i) => {
      const from = i === 0 ? ref('embed') : ref(`add${i - 1}`);
      return [dense(`d${i}`, [from]), layer('Add', { name: `add${i}` }, [from, ref(`d${i}`)])];
    });
    const last = layer('LSTM', { name: 'last', units: 2 }, [ref(`add${size - 1}`)]);
    return topology([input(), embed, ...blocks.flat(), last], ref('last'));
  };

  for (const [what, make] of Object.entries({ chain, reversed, residual }))
    it(`it as often as it is long: ${what}`, () => {
      const [small, large] = [reads(make, 30), reads(make, 300)];
      expect(large).to.be.below(11 * small);
      expect(() => toTfjsTopology(make(10_000) as never)).not.to.throw();
    });

  it('a model once, however often it is called', () => {
    const called = (size: number) => {
      const junk = Array.from({ length: 10 * size }, () => 0);
      const config = { name: 'inner', layers: [input('in'), layer('Activation', { name: 'act', junk })] };
      const masked = layer('Masking', { name: 'masked', mask_value: 0 }, [ref('x')]);
      const calls = Array.from({ length: size }, () => [ref('masked')]);
      const over = { name: 'over', layer: { class_name: 'Dense', config: { name: 'in', units: 2, junk } } };
      const models = [layer('Sequential', config, ...calls), layer('TimeDistributed', over, ...calls)];
      return topology([input(), masked, ...models], ref('over'));
    };
    const [small, large] = [reads(called, 30), reads(called, 300)];
    expect(large).to.be.below(11 * small);
  });

  it('the way back to a cycle once', () => {
    const cyclic = (size: number) => {
      const many = Array.from({ length: size }, () => [ref('x')]);
      const inputs = [...many.map((_, i) => ref('a', i)), ref('b')];
      return functional([input(), dense('a', ...many), layer('Add', { name: 'b' }, inputs)], ref('b'));
    };
    const looks = (size: number) =>
      counted(Array.prototype, 'find', () => expect(() => graphOf(cyclic(size))).to.throw('a cycle'));
    expect(looks(300)).to.be.below(11 * looks(30));
  });

  it('the name of a weight once', () => {
    const names = new WeightNames(functional([input(), dense('a', [ref('x')])], ref('a')), []);
    const copied = (size: number) =>
      counted(Array.prototype, 'slice', () => names.parse(`${'a/'.repeat(size)}vars/0`));
    expect(copied(300)).to.be.below(11 * copied(30));
  });

  it('masks that double with each layer once: behind each other, and merged in turns', () => {
    const masked = layer('Masking', { name: 'c0', mask_value: 0 }, [ref('x')]);
    const doubled = Array.from({ length: 64 }, (_, i) =>
      layer('Concatenate', { name: `c${i + 1}`, axis: 1 }, [ref(`c${i}`), ref(`c${i}`)]),
    );
    const last = layer('LSTM', { name: 'last', units: 2 }, [ref('c64')]);
    const model = topology([input(), masked, ...doubled, last], ref('last'));
    expect(() => toTfjsTopology(model as never)).to.throw(UnsupportedError, 'does not lengthen masks');
    const keys = new MaskKeys();
    const [a, b] = ['a', 'b'].map((name) => keys.source('', 0, [name, 0, 0])) as [number, number];
    let mask = a;
    for (let i = 0; i < 64; i++)
      mask = keys.joined('|', [keys.joined('&', [mask, a]), keys.joined('&', [b, mask])]);
    expect(keys.joined('|', [mask, mask])).to.equal(mask);
  });

  it('no masks of more parts than a model has values', () => {
    const keys = new MaskKeys();
    const all = Array.from({ length: 1 << 16 }, (_, i) => keys.source('', i, ['x', 0, 0]));
    const join = () => {
      for (let i = 1; i < 100; i++) keys.joined('&', all.slice(i));
    };
    expect(join).to.throw(FormatError, 'masks: expected 5000000 masks in others at most, got more');
  });

  it('masks of Keras 3 once, however they are merged', () => {
    const tensor = (name: string) => ({
      class_name: '__keras_tensor__',
      config: { keras_history: ref(name) },
    });
    const op = (class_name: string, name: string, args: unknown[], kwargs = {}) => ({
      class_name,
      name,
      config: { name },
      inbound_nodes: [{ args, kwargs }],
    });
    const ors = Array.from({ length: 30 }, (_, i) => {
      const from = tensor(i === 0 ? 'not' : `or${i - 1}`);
      return op('LogicalOr', `or${i}`, [from, from]);
    });
    const model = {
      class_name: 'Functional',
      config: {
        name: 'model',
        layers: [
          input(),
          { ...op('Embedding', 'embed', [tensor('x')]), config: { name: 'embed', mask_zero: true } },
          op('NotEqual', 'not', [tensor('x'), 0]),
          ...ors,
          op('GRU', 'gru', [tensor('embed')], { mask: tensor('or29') }),
        ],
        input_layers: [ref('x')],
        output_layers: [ref('gru')],
      },
    };
    const { comparisons } = dataLayers(graphOf(model), [['gru', 0, 0]], '', new MaskKeys());
    expect(comparisons.size).to.equal(31);
    expect(new Set(comparisons.values()).size).to.equal(1);
  });
});
