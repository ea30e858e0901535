import {
  getKernel,
  type KernelBackend,
  type KernelFunc,
  registerKernel,
  type Tensor,
  type TensorInfo,
  type TypedArray,
  UnsortedSegmentSum,
} from '@tensorflow/tfjs-core';
import { message, showShape } from '../../check.js';
import { wasmView } from '../../tfjs-internals.js';

/** What this kernel uses of tfjs's BackendWasm. */
interface WasmBackend {
  readSync(dataId: object): TypedArray;
  makeOutput(shape: number[], dtype: string): TensorInfo;
}

/**
 * `output[id] = sum of the rows x[i] with segmentIds[i] = id`; ids outside 0..numSegments-1 are dropped, as on the
 * cpu backend. x `[N, ...]` float32 or int32, segmentIds `[N]` int32, output `[numSegments, ...]`.
 *
 * The gradient of an embedding is this sum; tfjs 4.22 has it for every backend but wasm (tensorflow/tfjs#8082).
 */
const unsortedSegmentSum: KernelFunc = ({ inputs, backend, attrs }) => {
  const { x, segmentIds } = inputs as { x: Tensor; segmentIds: Tensor };
  const { numSegments } = attrs as { numSegments: number };
  if (segmentIds.shape.length !== 1 || segmentIds.shape[0] !== x.shape[0])
    throw new RangeError(
      message(UnsortedSegmentSum, 'segmentIds', `shape [${x.shape[0]}]`, showShape(segmentIds.shape)),
    );
  const wasm = backend as WasmBackend;
  const rowShape = x.shape.slice(1);
  const width = rowShape.reduce((product, size) => product * size, 1);
  const rows = wasm.readSync(x.dataId);
  const ids = wasm.readSync(segmentIds.dataId);
  const output = wasm.makeOutput([numSegments, ...rowShape], x.dtype);
  const sums = wasmView(backend as KernelBackend, output).fill(0);
  for (const [i, id] of ids.entries()) {
    if (id < 0 || id >= numSegments) continue;
    for (let j = 0; j < width; j++) sums[id * width + j] += rows[i * width + j];
  }
  return output;
};

if (!getKernel(UnsortedSegmentSum, 'wasm'))
  registerKernel({ kernelName: UnsortedSegmentSum, backendName: 'wasm', kernelFunc: unsortedSegmentSum });
