import { expect } from 'chai';
import type { CallRequest, RecurrentCall } from '../../../src/kernels/contract.js';
import { chunksOf, workgroups } from '../../../src/kernels/webgpu/chunks.js';
import { DISPATCH_WORK, obstacleTo, threadsFor } from '../../../src/kernels/webgpu/limits.js';
import { BackwardLayout, ForwardLayout, planOf } from '../../../src/kernels/webgpu/plan.js';
import { makeKernels } from '../../../src/kernels/webgpu/register.js';
import { makeCall } from '../../support/call.js';

const x = (shape: number[]) => ({ dataId: {}, shape, dtype: 'float32' as const });

/** The smallest that WebGPU guarantees. */
const LIMITS = {
  maxComputeInvocationsPerWorkgroup: 256,
  maxComputeWorkgroupSizeX: 256,
  maxComputeWorkgroupStorageSize: 16384,
  maxStorageBufferBindingSize: 2 ** 27,
  maxBufferSize: 2 ** 28,
};

function obstacle(given: Partial<RecurrentCall>, shape: number[], isTraining = false, limits = LIMITS) {
  const request: CallRequest = { call: makeCall(given), inputs: [x(shape)], isTraining, isForced: true };
  return obstacleTo(request, limits);
}

describe('what the WGSL kernels take', () => {
  it('takes hiddenSize 512, and 256 in training, on the smallest device', () => {
    for (const cell of ['RNN_TANH', 'GRU', 'LSTM'] as const) {
      expect(obstacle({ cell, hiddenSize: 512 }, [4, 100, 8])).to.equal(undefined);
      expect(obstacle({ cell, hiddenSize: 256 }, [4, 100, 8], true)).to.equal(undefined);
    }
  });

  it('declines what it has no code or no memory for, and says why', () => {
    expect(obstacle({ hiddenSize: 513 }, [4, 100, 8])).to.equal(
      'hiddenSize 513, where the WGSL kernels take at most 512',
    );
    expect(obstacle({ cell: 'LSTM', projSize: 2 }, [4, 100, 8])).to.equal(
      'an LSTM with a projection, which the WGSL kernels do not have',
    );
    expect(obstacle({}, [0, 100, 8])).to.equal('an empty batch, which needs no kernel');
    // Four gates of 257 units in whole vectors of 4, each with four rows.
    expect(obstacle({ cell: 'LSTM', hiddenSize: 257 }, [4, 100, 8], true)).to.equal(
      'workgroup memory of 16640 bytes, where the device takes 16384',
    );
    const wide = { ...LIMITS, maxComputeWorkgroupStorageSize: 32768 };
    expect(obstacle({ cell: 'LSTM', hiddenSize: 512 }, [4, 100, 8], true, wide)).to.equal(undefined);
    expect(obstacle({}, [1024, 1024, 33])).to.equal(
      'one buffer of 138412032 bytes, where the device takes 134217728',
    );
  });

  it('gives each unit a thread, as far as the device has them', () => {
    expect([1, 33, 256, 512].map((hiddenSize) => threadsFor(hiddenSize, LIMITS))).to.deep.equal([
      32, 64, 256, 256,
    ]);
    expect(threadsFor(200, { ...LIMITS, maxComputeInvocationsPerWorkgroup: 128 })).to.equal(128);
  });
});

describe('how the work of a call is shared', () => {
  const plan = (given: Partial<RecurrentCall>, shape: number[]) => planOf(makeCall(given), x(shape));

  it('has a workgroup for each row, or for four of them', () => {
    const shared = [1, 3, 4, 5, 33].map((batch) => workgroups(plan({}, [batch, 9, 2])));
    expect(shared).to.deep.equal([1, 3, 1, 2, 9]);
    expect(workgroups(plan({ bidirectional: true, directions: 2 }, [33, 9, 2]))).to.equal(18);
  });

  it('has all steps in chunks of bounded work', () => {
    const seed = plan({ hiddenSize: 256 }, [32, 400, 8]);
    const chunks = chunksOf(seed, DISPATCH_WORK);
    expect(chunks).to.deep.equal([
      { first: 0, count: 170 },
      { first: 170, count: 170 },
      { first: 340, count: 60 },
    ]);
    expect(170 * 32 * 3 * 256 ** 2).to.be.at.most(DISPATCH_WORK);
    expect(chunksOf(seed, 1).length).to.equal(400);
  });

  it('is told by describeKernels', () => {
    const call = makeCall({ directions: 2, hiddenSize: 256 });
    const request = { call, inputs: [x([32, 400, 8])], isTraining: false, isForced: false };
    expect(makeKernels().reasonFor?.(request)).to.equal(
      '400 steps in 6 dispatches, beside the products for the input',
    );
  });

  it('has no two parts of a buffer in one place', () => {
    const call = { cell: 'LSTM', bidirectional: true, directions: 4, hiddenSize: 3 } as const;
    const lstm = plan(call, [2, 5, 7]);
    const [state, sequence, slot] = [4 * 2 * 3, 10 * 2 * 3, 10 * 3];
    const training = new ForwardLayout(lstm, true);
    expect(training.sequenceAt(1)).to.equal(2 * state + sequence);
    expect(training.slotsAt(1)).to.equal(2 * state + 2 * sequence + 6 * slot);
    expect(training.floats).to.equal(2 * state + 2 * sequence + 4 * 6 * slot);
    const inference = new ForwardLayout(lstm, false);
    expect([0, 1].map((layer) => inference.sequenceAt(layer))).to.deep.equal([2 * state, 2 * state]);
    expect(inference.floats).to.equal(2 * state + sequence);
    const backward = new BackwardLayout(lstm);
    expect(backward.stateGradientsAt(1)).to.equal(backward.inputGradientsAt(1));
    expect(backward.floats).to.equal(2 * state + 4 * 4 * slot);
    const gru = new BackwardLayout(plan({ ...call, cell: 'GRU' }, [2, 5, 7]));
    expect(gru.stateGradientsAt(0)).to.equal(state + 3 * slot);
    expect(gru.floats).to.equal(state + 4 * 2 * 3 * slot);
  });
});
