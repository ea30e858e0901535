import * as tf from '@tensorflow/tfjs';
import { expect } from 'chai';
import { describeKernels, gru, setNative } from '../../../src/index.js';
import { VERSION } from '../../../src/kernels/host/runtime/find-native.js';
import { ABI } from '../../../src/kernels/host/runtime/native.js';
import { described, ON_WEBASSEMBLY } from '../../support/node/described.js';

/** An addon that does not open, which the first layer would tell of. */
const ADDON = `{ version: '${VERSION}', abi: [${ABI}], sets: () => ['avx2'], open() { throw new Error('no room'); } }`;
const LAYER = 'gru({ hiddenSize: 2 }).forward(tf.zeros([1, 1, 1]));';

describe('setNative', function () {
  this.timeout(120_000);

  it('turns the native engine off, which is told and no reason for a warning', () => {
    const { reason, warnings } = described(ADDON, { first: `setNative(false); ${LAYER}` });
    expect(reason)
      .to.match(ON_WEBASSEMBLY)
      .and.match(/; setNative\(false\) turns the native engine off$/);
    expect(warnings).to.deep.equal([]);
  });

  it('turns it on again before the engine starts', () => {
    const { reason } = described(ADDON, { first: 'setNative(false); setNative(true);' });
    expect(reason).to.match(/; the native engine does not start: no room$/);
  });

  it('does not turn on what the variable turns off', () => {
    const { reason } = described(ADDON, { first: 'setNative(true);', env: { TFJS_TORCH_RNN_NATIVE: '0' } });
    expect(reason).to.match(/; TFJS_TORCH_RNN_NATIVE=0 turns the native engine off$/);
  });

  it('throws for a change after a layer has run, which runs on', async () => {
    await tf.setBackend('cpu');
    const layer = gru({ hiddenSize: 2 });
    const x = tf.zeros([1, 1, 1]);
    tf.dispose(layer.forward(x));
    const before = describeKernels();
    expect(() => setNative(false)).to.throw(
      Error,
      'setNative: call: expected one before the engine starts, got one after it. ' +
        'Call it where the program begins: layers start the engine, and so does describeKernels',
    );
    setNative(true);
    tf.dispose([x, layer.forward(x)]);
    layer.dispose();
    expect(describeKernels()).to.deep.equal(before);
  });

  it('throws for what is no boolean', () => {
    expect(() => setNative('0' as never)).to.throw(TypeError, 'setNative: isOn: expected a boolean, got "0"');
  });
});
