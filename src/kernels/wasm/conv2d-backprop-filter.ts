import {
  backend_util,
  Conv2D,
  Conv2DBackpropFilter,
  getKernel,
  type KernelBackend,
  type KernelFunc,
  registerKernel,
  Slice,
  type Tensor,
  type TensorInfo,
  Transpose,
} from '@tensorflow/tfjs-core';
import { message } from '../../check.js';
import { UnsupportedError } from '../../errors.js';

/**
 * `dW[u, v, c, o] = sum over b, i, j of x[b, i*s + u - top, j*s + v - left, c] * dy[b, i, j, o]`: a convolution again. dy is the
 * kernel, whose taps are s apart, the batch is summed as channels are, and the channels of x are the batch. x `[B, H, W, I]`,
 * dy `[B, H', W', O]`, output `[kh, kw, I, O]`, float32.
 *
 * tfjs 4.22 has the gradient of a convolution by its kernel for every backend but wasm (tensorflow/tfjs#8474).
 */
const conv2DBackpropFilter: KernelFunc = ({ inputs, backend, attrs }) => {
  const { x, dy } = inputs as { x: Tensor; dy: Tensor };
  const { strides, pad, dataFormat, dimRoundingMode, filterShape } = attrs as unknown as Attributes;
  if (dataFormat !== 'NHWC')
    throw new UnsupportedError(message(Conv2DBackpropFilter, 'dataFormat', 'NHWC on wasm', dataFormat));
  const { padInfo, filterHeight, filterWidth, strideHeight, strideWidth, inChannels, outChannels } =
    backend_util.computeConv2DInfo(
      x.shape as Shape4D,
      filterShape,
      strides,
      1,
      pad as 'valid',
      dimRoundingMode,
      false,
    );
  const run = (name: string, tensors: Readonly<Record<string, TensorInfo>>, attributes: object) =>
    getKernel(name, 'wasm').kernelFunc({
      inputs: tensors as never,
      backend,
      attrs: attributes as never,
    }) as TensorInfo;
  const channels = run(Transpose, { x }, { perm: [3, 1, 2, 0] });
  const taps = run(Transpose, { x: dy }, { perm: [1, 2, 0, 3] });
  const sums = run(
    Conv2D,
    { x: channels, filter: taps },
    {
      strides: 1,
      dilations: [strideHeight, strideWidth],
      pad: [
        [0, 0],
        [padInfo.top, padInfo.bottom],
        [padInfo.left, padInfo.right],
        [0, 0],
      ],
      dataFormat,
    },
  );
  // The last window may end before the input does: what follows are products with steps that no output has seen.
  const size = [inChannels, filterHeight, filterWidth, outChannels];
  const isWhole = sums.shape[1] === filterHeight && sums.shape[2] === filterWidth;
  const used = isWhole ? sums : run(Slice, { x: sums }, { begin: [0, 0, 0, 0], size });
  const gradient = run(Transpose, { x: used }, { perm: [1, 2, 0, 3] });
  for (const { dataId } of new Set([channels, taps, sums, used])) dispose(backend, dataId);
  return gradient;
};

type Shape4D = [number, number, number, number];

interface Attributes {
  readonly strides: [number, number] | number;
  readonly pad: unknown;
  readonly dataFormat: string;
  readonly dimRoundingMode?: 'floor' | 'round' | 'ceil';
  readonly filterShape: Shape4D;
}

function dispose(backend: unknown, dataId: object): void {
  (backend as KernelBackend).disposeData(dataId);
}

if (!getKernel(Conv2DBackpropFilter, 'wasm'))
  registerKernel({
    kernelName: Conv2DBackpropFilter,
    backendName: 'wasm',
    kernelFunc: conv2DBackpropFilter,
  });
