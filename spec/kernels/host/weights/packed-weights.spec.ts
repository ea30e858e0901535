import * as tf from '@tensorflow/tfjs';
import { expect } from 'chai';
import { type Plan, planOf } from '../../../../src/kernels/host/call/plan.js';
import { makeEngine } from '../../../../src/kernels/host/runtime/wasm.js';
import { WeightCache } from '../../../../src/kernels/host/weights/packed-weights.js';
import { makeCall } from '../../../support/call.js';

const [INPUT, HIDDEN] = [16, 16];

function makePlan(): Plan {
  const x = { dataId: {}, shape: [1, 1, INPUT], dtype: 'float32' } as tf.TensorInfo;
  return planOf(makeCall({ hiddenSize: HIDDEN }), x);
}

/** As a type alias, which `dispose` takes for a container of tensors. */
type Weights = { [Name in 'weight_ih' | 'weight_hh' | 'bias_ih' | 'bias_hh']: tf.Tensor };

function makeTensors(): Weights {
  return {
    weight_ih: tf.ones([3 * HIDDEN, INPUT]),
    weight_hh: tf.ones([3 * HIDDEN, HIDDEN]),
    bias_ih: tf.ones([3 * HIDDEN]),
    bias_hh: tf.ones([3 * HIDDEN]),
  };
}

describe('the cache of packed weights', () => {
  before(() => tf.setBackend('cpu'));

  /** Puts the weights of so many layers into a cache. @returns also their tensors, which the caller disposes. */
  function fill(layers: number, isTraining = false) {
    const engine = makeEngine();
    const cache = new WeightCache(engine);
    const plan = makePlan();
    const tensors = Array.from({ length: layers }, () => makeTensors());
    for (const each of tensors) cache.get(tf.backend(), each, plan, INPUT, isTraining).users--;
    return { engine, cache, plan, tensors };
  }

  function countLooks(body: () => void): number {
    const backend = tf.backend();
    const { refCount } = backend;
    let looks = 0;
    backend.refCount = (dataId) => {
      looks++;
      return refCount.call(backend, dataId);
    };
    try {
      body();
    } finally {
      backend.refCount = refCount;
    }
    return looks;
  }

  it('looks at as few weights for a thousand layers as for eight', () => {
    const [few, many] = [8, 1000].map((layers) => {
      const { cache, tensors } = fill(layers);
      const looks = countLooks(() => cache.sweep());
      tf.dispose(tensors);
      return looks;
    });
    expect(many).to.equal(few);
    expect(many).to.be.at.most(4 * 5);
  });

  it('frees what is gone in a few hundred calls, or at once where it is asked to', () => {
    const { engine, cache, tensors } = fill(1000);
    tf.dispose(tensors.splice(0, 999));
    const before = engine.arena.floatsInUse;
    for (let call = 0; call < 250; call++) cache.sweep();
    expect(engine.arena.floatsInUse).to.equal(before / 1000);
    tf.dispose(tensors);
    cache.sweepAll();
    expect(engine.arena.floatsInUse).to.equal(0);
  });

  it('holds no more weights that are gone than weights that are not, while all are replaced again and again', () => {
    const { engine, cache, plan, tensors } = fill(100);
    const live = engine.arena.floatsInUse;
    for (let update = 0; update < 10; update++)
      for (const i of tensors.keys()) {
        tf.dispose(tensors[i] as Weights);
        tensors[i] = makeTensors();
        cache.sweep();
        cache.get(tf.backend(), tensors[i] as Weights, plan, INPUT, false).users--;
        expect(engine.arena.floatsInUse).to.be.at.most(2 * live);
      }
    tf.dispose(tensors);
  });

  it('keeps weights once for inference, and until the gradient is made for training', () => {
    const size = 3 * HIDDEN * (INPUT + HIDDEN) + 4 * HIDDEN;
    const inference = fill(1);
    expect(inference.engine.arena.floatsInUse).to.equal(size);
    const { engine, cache, plan, tensors } = fill(1, true);
    const [weights] = tensors as [Weights];
    expect(engine.arena.floatsInUse).to.equal(size + 3 * HIDDEN * (INPUT + HIDDEN));
    const packed = cache.get(tf.backend(), weights, plan, INPUT, true);
    for (const name of ['weight_ih', 'weight_hh'] as const) packed.transpose(name, weights[name]);
    expect(engine.arena.floatsInUse, 'packed and transposed').to.equal(size + 3 * HIDDEN * (INPUT + HIDDEN));
    packed.releaseRowMajor();
    expect(engine.arena.floatsInUse).to.equal(size + 3 * HIDDEN * (INPUT + HIDDEN));
    tf.dispose([...inference.tensors, ...tensors]);
  });

  it('makes the same transposes of weights that were packed for inference', () => {
    const [trained, inferred] = [true, false].map((isTraining) => {
      const { engine, cache, plan, tensors } = fill(1, isTraining);
      const [weights] = tensors as [Weights];
      const packed = cache.get(tf.backend(), weights, plan, INPUT, true);
      const at = packed.transpose('weight_hh', weights.weight_hh);
      const values = [...engine.floats(at, 3 * HIDDEN * HIDDEN)];
      tf.dispose(tensors);
      return values;
    });
    expect(inferred).to.deep.equal(trained);
  });
});
