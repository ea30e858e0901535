import * as tf from '@tensorflow/tfjs';
import { expect } from 'chai';
import type { RecurrentCall } from '../../../src/kernels/contract.js';
import { Host } from '../../../src/kernels/host/host.js';
import { EngineLostError } from '../../../src/kernels/host/runtime/engine-lost-error.js';
import { makeEngine } from '../../../src/kernels/host/runtime/wasm.js';
import { makeCall } from '../../support/call.js';
import { collectWarnings } from '../../support/warnings.js';

describe('the host of the engine', () => {
  const warnings = collectWarnings();

  it('tries a start that failed again after 1, 2, 4, ... 64 calls, and says so once', () => {
    let starts = 0;
    const host = new Host(() => {
      starts++;
      throw new RangeError('could not allocate memory.');
    });
    const startedAt: number[] = [];
    for (let call = 0; call < 300; call++) {
      const before = starts;
      expect(host.whyNotStarted()).to.equal('its engine does not start here: could not allocate memory');
      if (starts > before) startedAt.push(call);
    }
    const pauses = startedAt.slice(1).map((call, i) => call - (startedAt[i] as number) - 1);
    expect(pauses).to.deep.equal([1, 2, 4, 8, 16, 32, 64, 64, 64]);
    expect(warnings).to.deep.equal([
      'tfjs-torch-rnn: recurrent layers run on tf ops, many times slower: ' +
        'its engine does not start here: could not allocate memory',
    ]);
  });

  it('runs once a start succeeds', () => {
    let isFull = true;
    const host = new Host(() => {
      if (isFull) throw new RangeError('could not allocate memory');
      return makeEngine();
    });
    expect(host.whyNotStarted()).to.be.a('string');
    isFull = false;
    expect(host.whyNotStarted(), 'a pause of one call').to.be.a('string');
    expect(host.whyNotStarted()).to.equal(undefined);
    expect(host.run(({ engine }) => engine.arena.floatsInUse)).to.equal(0);
  });

  it("tells of a page's policy that forbids WebAssembly", () => {
    const host = new Host(() => {
      throw new WebAssembly.CompileError('blocked by CSP');
    });
    expect(host.whyNotStarted()).to.equal(
      "its engine does not start here: blocked by CSP. Does the page's Content-Security-Policy lack " +
        "'wasm-unsafe-eval' in script-src?",
    );
  });

  it('starts another engine after a trap', () => {
    const host = new Host(() => makeEngine());
    const first = host.run(({ engine }) => engine);
    const trap = () =>
      host.run(({ engine }) => {
        engine.functions.forward(engine.base, 2 ** 29);
      });
    expect(trap).to.throw(EngineLostError, 'got a trap');
    expect(host.lastLoss).to.match(/got a trap/);
    const second = host.run(({ engine }) => engine);
    expect(second).to.not.equal(first);
    expect(second.threads.count).to.equal(1);
  });

  it('declines a call that its memory has no room for, and takes it once there is', () => {
    const host = new Host(() => makeEngine());
    const request = {
      call: makeCall({ hiddenSize: 512 }),
      inputs: [{ dataId: {}, shape: [1, 300_000, 1], dtype: 'float32' } as tf.TensorInfo],
      isTraining: false,
      isForced: false,
    };
    host.run(() => {});
    expect(host.whyNoRoom({ ...request, isTraining: true })).to.match(
      /^a call that takes about \d+ MiB, where 0 MiB of the engine's 20\d\d MiB are in use$/,
    );
    expect(host.whyNoRoom(request), 'takes less without a gradient').to.equal(undefined);
    const block = host.run(({ engine }) => engine.arena.allocate(2 ** 28));
    expect(host.whyNoRoom(request)).to.match(/where 1024 MiB of the engine's/);
    host.run(({ engine }) => engine.arena.release(block));
    expect(host.whyNoRoom(request)).to.equal(undefined);
  });

  it('counts the steps that are there, where lengths are given', async () => {
    await tf.setBackend('cpu');
    const host = new Host(() => makeEngine());
    host.run(() => {});
    const x = { dataId: {}, shape: [2, 250_000, 1], dtype: 'float32' } as tf.TensorInfo;
    const lengths = tf.tensor1d([250_000, 1], 'int32');
    const weights = Array.from({ length: 4 }, () => x);
    const call = makeCall({ hiddenSize: 100, hasLengths: true });
    const whyNoRoom = (made: RecurrentCall, ...inputs: tf.TensorInfo[]) =>
      host.whyNoRoom({ call: made, inputs, isTraining: true, isForced: false });
    expect(whyNoRoom(call, x, ...weights, lengths)).to.equal(undefined);
    expect(whyNoRoom(makeCall({ hiddenSize: 100 }), x, ...weights)).to.be.a('string');
    lengths.dispose();
  });
});
