import * as tf from '@tensorflow/tfjs';
import { expect } from 'chai';
import { describeKernels, gru, setThreads } from '../../../src/index.js';
import { CELL_CODES } from '../../../src/kernels/host/abi/constants.js';
import { DIRECTION } from '../../../src/kernels/host/abi/structs.js';
import { host } from '../../../src/kernels/host/host.js';
import { EngineLostError } from '../../../src/kernels/host/runtime/engine-lost-error.js';
import { describeEachBackend } from '../../support/backends.js';

const [BATCH, STEPS, INPUT, HIDDEN] = [2, 5, 11, 13];

/** The trap in the words of V8, of Firefox, and of the native engine. */
const TRAP =
  /engine: call: expected to be finished, got a trap \(((memory access|index) out of bounds|what the arguments reach does not lie in the engine's memory, or in the array)\)\. Call again: another engine starts, on one thread; setThreads starts others/;

/** tensorflow has cuDNN's kernels before it. A page that is not isolated says between them why the engine runs on one thread. */
const REASON = new RegExp(
  `^(cudnn: .*; engine: )?the engine runs whole sequences in .*; the one before was lost: ${TRAP.source}`,
);

/** Overwrites the engine's memory: the buffers kept for calls of this shape then point outside of it. */
function overwriteBuffers(): void {
  host.run(({ engine }) => {
    const ints = engine.ints(0, Number.POSITIVE_INFINITY);
    // The first fields of a struct direction.
    const fields = [CELL_CODES.GRU, STEPS, BATCH, STEPS * BATCH, INPUT, HIDDEN];
    const places = [...ints.keys()].filter((at) => fields.every((value, i) => ints[at + i] === value));
    expect(places).to.not.have.length(0);
    for (const at of places) ints[at + DIRECTION.indexOf('weight_hh')] = 2 ** 29;
  });
}

describeEachBackend('a trap of the engine in the call of a layer', () => {
  const reason = () => describeKernels().find(({ isActive }) => isActive)?.reason;

  before(() => setThreads(1));

  for (const implementation of ['auto', 'fused'] as const)
    it(`throws EngineLostError, is told, and leaves nothing behind; the next call is right: '${implementation}'`, () => {
      const layer = gru({ hiddenSize: HIDDEN, seed: 1, implementation });
      layer.ensureBuilt(INPUT);
      tf.tidy(() => {
        const x = tf.randomNormal([BATCH, STEPS, INPUT], 0, 1, 'float32', 1);
        const call = () => Object.values(layer.forward(x)).map((tensor: tf.Tensor) => tensor.dataSync());
        const expected = call();
        overwriteBuffers();
        const { numTensors, numDataBuffers, numBytes } = tf.memory();
        expect(() => layer.forward(x)).to.throw(EngineLostError, TRAP);
        expect(tf.memory()).to.deep.include({ numTensors, numDataBuffers, numBytes });
        expect(reason()).to.match(REASON);
        expect(call()).to.deep.equal(expected);
      });
      layer.dispose();
      expect(host.floatsInUse).to.equal(0);
    });
});
