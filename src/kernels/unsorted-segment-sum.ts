import {
  getKernel,
  type KernelBackend,
  type KernelFunc,
  registerKernel,
  sumOutType,
  type TensorInfo,
  UnsortedSegmentSum,
  util,
} from '@tensorflow/tfjs-core';
import { message, showShape } from '../check.js';
import { replaceKernel } from './replace-kernel.js';

/**
 * `output[id] = sum of the rows x[i] with segmentIds[i] = id`; ids outside 0..numSegments-1 are dropped. x `[N, ...]` float32
 * or int32, segmentIds `[N]` int32, output `[numSegments, ...]`.
 *
 * The gradient of an embedding is this sum. tfjs 4.22 lacks it on wasm (tensorflow/tfjs#8082), and on cpu it reads the whole of x
 * once for each segment: 28 s a step for a vocabulary of 10,000.
 */
const unsortedSegmentSum: KernelFunc = ({ inputs, backend, attrs }) => {
  const { x, segmentIds } = inputs as { x: TensorInfo; segmentIds: TensorInfo };
  const { numSegments } = attrs as { numSegments: number };
  if (segmentIds.shape.length !== 1 || segmentIds.shape[0] !== x.shape[0])
    throw new RangeError(
      message(UnsortedSegmentSum, 'segmentIds', `shape [${x.shape[0]}]`, showShape(segmentIds.shape)),
    );
  if (x.dtype === 'complex64')
    throw new TypeError(message(UnsortedSegmentSum, 'x', 'dtype float32 or int32', x.dtype));
  const values = backend as KernelBackend;
  const rowShape = x.shape.slice(1);
  const width = util.sizeFromShape(rowShape);
  const rows = values.readSync(x.dataId) as Float32Array;
  const ids = values.readSync(segmentIds.dataId) as Int32Array;
  const shape = [numSegments, ...rowShape];
  const dtype = sumOutType(x.dtype);
  const sums = util.makeZerosTypedArray(numSegments * width, dtype) as Float32Array;
  for (const [i, id] of ids.entries()) {
    if (id < 0 || id >= numSegments) continue;
    for (let j = 0; j < width; j++) (sums[id * width + j] as number) += rows[i * width + j] as number;
  }
  return { dataId: values.write(sums, shape, dtype), shape, dtype };
};

/** Whether a kernel is tfjs's own for cpu: it names its op to an assertion, which stays where code is minified. */
function isOfTfjs(kernel: KernelFunc): boolean {
  return /["'`]unsortedSegmentSum["'`]/.test(String(kernel));
}

if (!getKernel(UnsortedSegmentSum, 'wasm'))
  registerKernel({ kernelName: UnsortedSegmentSum, backendName: 'wasm', kernelFunc: unsortedSegmentSum });
replaceKernel(UnsortedSegmentSum, 'cpu', (present) => (isOfTfjs(present) ? unsortedSegmentSum : present));
