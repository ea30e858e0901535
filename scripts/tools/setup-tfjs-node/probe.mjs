// @ts-check
// Run as a process of its own (with tsx): computes a product on the tensorflow backend and prints what computed it.
// Its exit status is the answer; loading alone proves nothing, since 4.22.0 loads on Node 23 and fails at the first op.
//
// Usage: node --import tsx probe.mjs PACKAGE
import '../../../src/node-shim.js';
import assert from 'node:assert/strict';

const [, , name = ''] = process.argv;
// By a name that the compiler does not follow: the types of the package are there only once it is installed.
const tf = /** @type {typeof import('@tensorflow/tfjs')} */ (await import(name));

assert.ok(await tf.setBackend('tensorflow'), 'the tensorflow backend does not start');
const product = tf.matMul(tf.tensor2d([1, 2, 3, 4], [2, 2]), tf.tensor2d([5, 6, 7, 8], [2, 2]));
assert.deepEqual(Array.from(await product.data()), [19, 22, 43, 50]);
const { 'tfjs-node': version } = /** @type {Record<string, string>} */ (tf.version);
const { binding, isUsingGpuDevice } =
  /** @type {{ binding: { TF_Version: string }, isUsingGpuDevice: boolean }} */ (
    /** @type {unknown} */ (tf.backend())
  );
const device = isUsingGpuDevice ? ', on a GPU' : '';
console.log(
  `${name.split('/')[1]} ${version} with TensorFlow ${binding.TF_Version} on Node ${process.version}${device}`,
);
