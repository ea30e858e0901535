import { pad, reshape, slice, type Tensor4D } from '@tensorflow/tfjs-core';

/**
 * Puts `dilation - 1` zeros between neighbours along the two middle axes of `[B, H, W, C]`, so `(H - 1) * dilation + 1` are
 * left of H. Call inside `tidy`.
 */
export function spreadSteps(x: Tensor4D, [dh, dw]: readonly [number, number]): Tensor4D {
  if (dh === 1 && dw === 1) return x;
  const [batch, height, width, channels] = x.shape;
  const apart = reshape(x, [batch * height, 1, width, channels]);
  const spread = pad(apart, [
    [0, 0],
    [0, dh - 1],
    [0, 0],
    [0, 0],
  ]);
  const rows = reshape(spread, [batch, height * dh * width, 1, channels]);
  const columns = pad(rows, [
    [0, 0],
    [0, 0],
    [0, dw - 1],
    [0, 0],
  ]);
  const all = reshape(columns, [batch, height * dh, width * dw, channels]) as Tensor4D;
  return slice(all, [0, 0, 0, 0], [batch, (height - 1) * dh + 1, (width - 1) * dw + 1, channels]);
}

/** A kernel `[H, W, I, O]` with zeros between its taps, so that a window without dilation slides it. Call inside `tidy`. */
export function dilateKernel(kernel: Tensor4D, dilation: readonly [number, number]): Tensor4D {
  if (dilation[0] === 1 && dilation[1] === 1) return kernel;
  const [height, width, inputs, outputs] = kernel.shape;
  const taps = spreadSteps(reshape(kernel, [1, height, width, inputs * outputs]), dilation);
  return reshape(taps, [taps.shape[1], taps.shape[2], inputs, outputs]);
}
