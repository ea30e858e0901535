// @ts-check
// Threads of the engine, in the runtime that runs this: the same numbers on each number of threads, and on workers alone.
import * as tf from '@tensorflow/tfjs';
import { describeKernels, gru, setThreads } from 'tfjs-torch-rnn';

await tf.setBackend('cpu');
const layer = gru({ hiddenSize: 96, bidirectional: true, seed: 1 });
layer.ensureBuilt(64);
const x = tf.randomNormal([8, 60, 64], 0, 1, 'float32', 1);

/**
 * @param {string} what
 * @param {Float32Array} got
 */
function checkSame(what, got) {
  if (got.length !== expected.length || got.some((value, i) => value !== expected[i]))
    throw new Error(`${what}: other numbers than on one thread`);
}

/** @returns {Float32Array} */
const call = () => tf.tidy(() => /** @type {Float32Array} */ (layer.forward(x).output.dataSync()).slice());

setThreads(1);
const expected = call();
setThreads(2);
for (let i = 0; i < 20; i++) {
  checkSame('two threads', call());
  await new Promise((resolve) => setTimeout(resolve, 5));
}
const { output, hn } = await layer.forwardAsync(x);
checkSame('forwardAsync', /** @type {Float32Array} */ (await output.data()));
tf.dispose([output, hn]);
const { reason, lastAsyncRun, lastAsyncReason } = describeKernels().find(({ isActive }) => isActive) ?? {};
if (lastAsyncRun !== 'workers') throw new Error(`forwardAsync ran on the calling thread: ${lastAsyncReason}`);
if (reason?.includes(', on one thread: ')) throw new Error(reason);
console.log('threads: ok');
