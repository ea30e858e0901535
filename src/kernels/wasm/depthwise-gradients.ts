import {
  backend_util,
  DepthwiseConv2dNativeBackpropFilter,
  DepthwiseConv2dNativeBackpropInput,
  getKernel,
  type KernelBackend,
  type KernelFunc,
  registerKernel,
  type TensorInfo,
} from '@tensorflow/tfjs-core';
import { wasmView } from '../../tfjs-internals/backends.js';

/**
 * The gradients of a depthwise convolution, which sums x[b, i*s + u*d - top, j*s + v*d - left, c] * w[u, v, c, m] over the taps
 * u, v into y[b, i, j, c*M + m]. x `[B, H, W, C]`, w `[kh, kw, C, M]`, dy as y `[B, H', W', C*M]`, all float32.
 *
 * tfjs 4.22 has them for every backend but wasm.
 */
type Info = ReturnType<typeof backend_util.computeConv2DInfo>;

type Shape4D = [number, number, number, number];

interface Attributes {
  readonly strides: [number, number] | number;
  readonly dilations: [number, number] | number;
  readonly pad: unknown;
  readonly dimRoundingMode?: 'floor' | 'round' | 'ceil';
}

function infoOf(x: readonly number[], filter: readonly number[], attrs: Attributes): Info {
  const { strides, dilations, pad, dimRoundingMode } = attrs;
  return backend_util.computeConv2DInfo(
    x as Shape4D,
    filter as Shape4D,
    strides,
    dilations,
    pad as 'valid',
    dimRoundingMode,
    true,
  );
}

/** Calls `visit` with the first channel of a position of x, of an output and of a tap, for each pair that meets. */
function forEachPair(info: Info, visit: (x: number, y: number, w: number) => void): void {
  const { batchSize, inHeight, inWidth, inChannels, outHeight, outWidth, outChannels } = info;
  const { filterHeight, filterWidth, strideHeight, strideWidth, dilationHeight, dilationWidth } = info;
  const { top, left } = info.padInfo;
  for (let b = 0; b < batchSize; b++)
    for (let i = 0; i < outHeight; i++)
      for (let u = 0; u < filterHeight; u++) {
        const row = i * strideHeight + u * dilationHeight - top;
        if (row < 0 || row >= inHeight) continue;
        for (let j = 0; j < outWidth; j++)
          for (let v = 0; v < filterWidth; v++) {
            const column = j * strideWidth + v * dilationWidth - left;
            if (column < 0 || column >= inWidth) continue;
            visit(
              ((b * inHeight + row) * inWidth + column) * inChannels,
              ((b * outHeight + i) * outWidth + j) * outChannels,
              (u * filterWidth + v) * outChannels,
            );
          }
      }
}

interface WasmBackend {
  makeOutput(shape: readonly number[], dtype: string): TensorInfo;
}

/** Zeros of `shape` and views of two inputs. The output is made first: it may move the memory under the views. */
function open(backend: unknown, shape: readonly number[], inputs: readonly TensorInfo[]) {
  const output = (backend as WasmBackend).makeOutput(shape, 'float32');
  const views = [output, ...inputs].map((info) => wasmView(backend as KernelBackend, info) as Float32Array);
  const [sums, a, b] = views as [Float32Array, Float32Array, Float32Array];
  sums.fill(0);
  return { output, sums, a, b };
}

const backpropInput: KernelFunc = ({ inputs, backend, attrs }) => {
  const { dy, filter } = inputs as { dy: TensorInfo; filter: TensorInfo };
  const { inputShape, ...window } = attrs as unknown as Attributes & { inputShape: readonly number[] };
  const info = infoOf(inputShape, filter.shape, window);
  const { output, sums, a: dys, b: weights } = open(backend, inputShape, [dy, filter]);
  const { inChannels, outChannels } = info;
  const multiplier = outChannels / inChannels;
  forEachPair(info, (x, y, w) => {
    for (let c = 0, o = 0; c < inChannels; c++)
      for (let m = 0; m < multiplier; m++, o++)
        (sums[x + c] as number) += (dys[y + o] as number) * (weights[w + o] as number);
  });
  return output;
};

const backpropFilter: KernelFunc = ({ inputs, backend, attrs }) => {
  const { x: input, dy } = inputs as { x: TensorInfo; dy: TensorInfo };
  const { filterShape, ...window } = attrs as unknown as Attributes & { filterShape: readonly number[] };
  const info = infoOf(input.shape, filterShape, window);
  const { output, sums, a: values, b: dys } = open(backend, filterShape, [input, dy]);
  const { inChannels, outChannels } = info;
  const multiplier = outChannels / inChannels;
  forEachPair(info, (x, y, w) => {
    for (let c = 0, o = 0; c < inChannels; c++)
      for (let m = 0; m < multiplier; m++, o++)
        (sums[w + o] as number) += (values[x + c] as number) * (dys[y + o] as number);
  });
  return output;
};

for (const [kernelName, kernelFunc] of [
  [DepthwiseConv2dNativeBackpropInput, backpropInput],
  [DepthwiseConv2dNativeBackpropFilter, backpropFilter],
] as const)
  if (!getKernel(kernelName, 'wasm')) registerKernel({ kernelName, backendName: 'wasm', kernelFunc });
