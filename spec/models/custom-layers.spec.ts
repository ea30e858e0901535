import * as tf from '@tensorflow/tfjs';
import { expect } from 'chai';
import { StateDictError, UnsupportedError } from '../../src/errors.js';
import { loadStateDict, type TorchParameters, toStateDict } from '../../src/index.js';
import { describeEachBackend } from '../support/backends.js';
import { tidied } from '../support/tidied.js';
import { below, expectSameBits, f32 } from './torch-modules.js';

/** `x @ kernel * gain`, a layer of the user's own. */
class Scaled extends tf.layers.Layer {
  static readonly className: string = 'SpecScaled';

  private kernel!: tf.LayerVariable;
  private gain!: tf.LayerVariable;

  override build(inputShape: tf.Shape): void {
    const size = inputShape.at(-1) as number;
    this.kernel = this.addWeight('kernel', [size, 3], 'float32', tf.initializers.ones());
    this.gain = this.addWeight('gain', [3], 'float32', tf.initializers.ones());
    super.build(inputShape);
  }

  override computeOutputShape(inputShape: tf.Shape): tf.Shape {
    return [...inputShape.slice(0, -1), 3];
  }

  override call(inputs: tf.Tensor | tf.Tensor[]): tf.Tensor {
    const [x] = Array.isArray(inputs) ? inputs : [inputs];
    return tf.tidy(() => tf.mul(tf.matMul(x!, this.kernel.read()), this.gain.read()));
  }
}

/** The same with the method. */
class Named extends Scaled {
  static override readonly className: string = 'SpecNamed';

  constructor(
    args: { name?: string; inputShape?: number[] },
    private readonly named: unknown = {
      'proj.weight': { weight: 'kernel', transpose: [1, 0] },
      scale: 'gain',
    },
  ) {
    super(args);
  }

  torchParameters(): TorchParameters {
    return this.named as TorchParameters;
  }
}

const stateDict = () =>
  new Map([
    ['proj.weight', f32([3, 2], [1, 2, 3, 4, 5, 6])],
    ['scale', f32([3], [1, 10, 100])],
  ]);

const built = <L extends tf.layers.Layer>(layer: L): L => {
  tf.tidy(() => void layer.apply(tf.ones([1, 2])));
  return layer;
};

describeEachBackend('a custom layer with torchParameters()', () => {
  it('is loaded and written like any module, in a model and alone', async () => {
    const model = tf.sequential({
      layers: [new Named({ name: 'scaled', inputShape: [2] }), tf.layers.dense({ name: 'fc', units: 1 })],
    });
    const fc = new Map([
      ['weight', f32([1, 3], [1, 1, 1])],
      ['bias', f32([1], [0.5])],
    ]);
    const all = new Map([...below('scaled', stateDict()), ...below('fc', fc)]);
    expect(loadStateDict(model, all).loaded).to.deep.equal([...all.keys()]);
    await tidied(async () => {
      const output = model.predict(tf.tensor2d([[1, 2]])) as tf.Tensor;
      expect([...(await output.data())]).to.deep.equal([5 + 110 + 1700 + 0.5]);
    });
    expectSameBits(await toStateDict(model), all);
    model.dispose();
    const alone = built(new Named({}));
    loadStateDict(alone, below('head', stateDict()), { prefix: 'head' });
    expectSameBits(await toStateDict(alone), stateDict());
    alone.dispose();
  });

  it('may name one weight twice, as a module with a tie: the file has both names, with the same values', async () => {
    const names = {
      a: { weight: 'kernel', transpose: [1, 0] },
      b: 'kernel',
      scale: 'gain',
    };
    const tied = () =>
      new Map([
        ['a', f32([3, 2], [1, 2, 3, 4, 5, 6])],
        ['b', f32([2, 3], [1, 3, 5, 2, 4, 6])],
        ['scale', f32([3])],
      ]);
    const layer = built(new Named({}, names));
    expect(loadStateDict(layer, tied()).loaded).to.deep.equal(['a', 'b', 'scale']);
    expectSameBits(await toStateDict(layer), tied());
    expect(() => loadStateDict(layer, tied().set('b', f32([2, 3])))).to.throw(
      StateDictError,
      '"a" and "b" are for one weight, but their values differ.',
    );
    const half = tied();
    half.delete('b');
    expect(() => loadStateDict(layer, half)).to.throw(
      StateDictError,
      'Missing key(s) in state_dict: "b". \n\tHint: "b" is missing, and the file has the weight as "a": where it has one name, ' +
        'leave the other out of torchParameters().',
    );
    layer.dispose();
    const one = built(new Named({}, { a: names.a, scale: 'gain' }));
    expect(loadStateDict(one, half).loaded).to.deep.equal(['a', 'scale']);
    expectSameBits(await toStateDict(one), half);
    one.dispose();
  });

  it('is strict about its keys and shapes', () => {
    const layer = built(new Named({}));
    const wrong = stateDict()
      .set('scale', f32([4]))
      .set('other', f32([1]));
    expect(() => loadStateDict(layer, wrong)).to.throw(
      StateDictError,
      /Unexpected key\(s\) in state_dict: "other"[\s\S]*size mismatch for scale/,
    );
    layer.dispose();
  });

  it('warns of a weight that it does not name', () => {
    const layer = built(new Named({ name: 'half' }, { scale: 'gain' }));
    const warnings: string[] = [];
    loadStateDict(layer, new Map([['scale', f32([3])]]), { onWarnings: (told) => warnings.push(...told) });
    expect(warnings).to.deep.equal([
      'layer "half": torchParameters() names no torch parameter for "half/kernel", which keep their values.',
    ]);
    layer.dispose();
  });

  const faults: [named: unknown, text: string][] = [
    [
      undefined as never,
      'expected torchParameters() to return the names of weights, { weight: \'kernel\' }, got "none". ' +
        "A weight with its axes in another order is { weight: 'kernel', transpose: [1, 0] }",
    ],
    [{ scale: 3 }, 'got "scale": 3. A weight with its axes'],
    [{ scale: { weight: 'gain', transpose: [1] } }, 'got "scale": { weight: "gain", transpose: [1] }.'],
    [
      { scale: 'gane' },
      'expected torchParameters() to name one weight of the layer for "scale", got "gane", the name of none. ' +
        'Its weights are "scaled/kernel", "scaled/gain"',
    ],
    [
      { scale: { weight: 'gain', transpose: [1, 0] } },
      'expected torchParameters() to list 1 axes for "scale", got [1, 0]. The weight "gain" has so many',
    ],
  ];
  for (const [named, text] of faults)
    it(`is told: ${text}`, () => {
      const layer = built(new Named({ name: 'scaled' }, named ?? 'none'));
      expect(() => loadStateDict(layer, stateDict())).to.throw(UnsupportedError, text);
      layer.dispose();
    });

  it('must be built, since its class alone knows the shapes of its weights', () => {
    const layer = new Named({ name: 'scaled' });
    expect(() => loadStateDict(layer, stateDict())).to.throw(
      UnsupportedError,
      'loadStateDict: layer "scaled": expected a built layer, got an unbuilt SpecNamed. ' +
        'Its class alone knows the shapes of its weights: apply it once before',
    );
    loadStateDict(built(layer), stateDict());
    layer.dispose();
  });
});

describeEachBackend('a custom layer without torchParameters()', () => {
  const model = () =>
    tf.sequential({
      layers: [new Scaled({ name: 'scaled', inputShape: [2] }), tf.layers.dense({ name: 'fc', units: 1 })],
    });
  const file = () => new Map([['fc.weight', f32([1, 3])] as const, ['fc.bias', f32([1])] as const]);

  it('is named by a strict load, which tells how to add the method', () => {
    const unnamed = model();
    expect(() => loadStateDict(unnamed, file())).to.throw(
      UnsupportedError,
      'got SpecScaled. Give its class a method that names the weight of each torch parameter, ' +
        "torchParameters() { return { weight: 'kernel' } }; its weights are 'kernel', 'gain'",
    );
    unnamed.dispose();
  });

  it('is skipped by strict: false with a warning, and the others are loaded', () => {
    const unnamed = model();
    const warnings: string[] = [];
    const report = loadStateDict(unnamed, file(), {
      strict: false,
      onWarnings: (told) => warnings.push(...told),
    });
    expect(report.loaded).to.deep.equal(['fc.weight', 'fc.bias']);
    expect(warnings).to.have.length(1);
    expect(warnings[0]).to.match(
      /^layer "scaled": expected one of .* The layer was skipped: its weights keep their values\.$/,
    );
    unnamed.dispose();
  });
});
