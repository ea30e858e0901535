import * as tf from '@tensorflow/tfjs';
import { expect } from 'chai';
import type { CallRequest } from '../../../../src/kernels/contract.js';
import {
  declinedByCosts,
  declinedOnWebgpu,
  estimate,
  told,
} from '../../../../src/kernels/host/gpu/decide.js';
import { makeCall } from '../../../support/call.js';
import { whileOnGpu } from '../../../support/fake-gpu.js';

const info = (...shape: number[]): tf.TensorInfo => ({ dataId: {}, shape, dtype: 'float32' });

/** A GRU of one layer in one direction, in inference. */
function request(inputSize: number, hiddenSize: number, batch: number, steps: number): CallRequest {
  return {
    call: makeCall({ hiddenSize }),
    inputs: [
      info(batch, steps, inputSize),
      info(3 * hiddenSize, inputSize),
      info(3 * hiddenSize, hiddenSize),
      info(3 * hiddenSize),
      info(3 * hiddenSize),
    ],
    isTraining: false,
    isForced: false,
  };
}

describe('the rule of what the engine takes on a GPU backend', () => {
  before(() => tf.setBackend('cpu'));

  const small = request(256, 256, 1, 100);
  const large = request(256, 256, 32, 100);
  const x = (small.inputs[0] as tf.TensorInfo).dataId;

  it('takes on webgl what is faster there and back than in tf ops, and tells the costs', () => {
    expect(declinedByCosts(small)).to.equal(undefined);
    expect(told(estimate(small))).to.equal('about 4.4 ms on the engine against 45 in tf ops on a fast GPU');
    expect(declinedByCosts(large)).to.equal('about 140 ms on the engine against 48 in tf ops on a fast GPU');
    expect(declinedByCosts({ ...large, isForced: true })).to.equal(undefined);
  });

  it('counts a stall and the bytes of what lies on the GPU', () => {
    whileOnGpu([x], () => {
      expect(estimate(small).bytes).to.equal(4 * 100 * 256);
      expect(told(estimate(small))).to.equal(
        'about 7.5 ms on the engine, 100 KiB of data read back, against 45 in tf ops on a fast GPU',
      );
    });
    const step = request(256, 256, 1, 1);
    expect(declinedByCosts(step)).to.equal(undefined);
    whileOnGpu([(step.inputs[0] as tf.TensorInfo).dataId], () =>
      expect(declinedByCosts(step)).to.match(/^about 3 ms on the engine, 1 KiB of data read back, against/),
    );
  });

  it('counts in training all inputs and the gradient of the output, wherever they are: the steps of a fit take one path', () => {
    const floats = 100 * 256 + 2 * 768 * 256 + 2 * 768 + 100 * 256;
    const training = estimate({ ...small, isTraining: true });
    expect(training.bytes).to.equal(4 * floats);
    whileOnGpu([x], () => expect(estimate({ ...small, isTraining: true })).to.deep.equal(training));
  });

  it('takes nothing on webgpu that lies on the GPU, unless it is a weight that is packed, and no gradient', () => {
    const never = () => false;
    expect(declinedOnWebgpu(small, never)).to.equal(undefined);
    expect(declinedOnWebgpu(large, never)).to.match(/^about 140 ms/);
    for (const isForced of [false, true]) {
      const asked = { ...small, isForced };
      expect(declinedOnWebgpu({ ...asked, isTraining: true }, never)).to.equal(
        'a gradient follows, whose data are on the GPU',
      );
      whileOnGpu([x], () =>
        expect(declinedOnWebgpu(asked, never)).to.equal('data of the call are on the GPU'),
      );
      whileOnGpu([(small.inputs[2] as tf.TensorInfo).dataId], () => {
        expect(declinedOnWebgpu(asked, never)).to.equal('weights are on the GPU');
        expect(declinedOnWebgpu(asked, () => true)).to.equal(undefined);
      });
    }
  });
});
