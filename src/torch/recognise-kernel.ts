/** Recognises modules whose weight has three or four axes: convolutions, and what has the same shapes. */

import type { ConvModule, NamedShapes } from './modules.js';

/** Usual names of transposed convolutions, anywhere in the path. */
const TRANSPOSED_NAME =
  /deconv|transpose|tconv|conv_?t(?:$|[._\d])|upconv|(?:^|[._])ups?(?:$|[._\d])|upsampl/i;

/** Usual names of depthwise convolutions. */
const DEPTHWISE_NAME = /depth_?wise|dwconv|(?:^|[._])dw(?:$|[._\d])/i;

/**
 * A convolution `[out, in / groups, ...kernel]`, or a transposed one `[in, out / groups, ...kernel]`: the size of the bias tells them
 * apart, else the name. The other stands among the doubts.
 */
export function recogniseKernel(
  path: string,
  shapes: NamedShapes,
  weight: readonly number[],
  bias: readonly number[] | undefined,
): ConvModule | undefined {
  const [first = 0, second = 0, ...kernelSize] = weight;
  if (bias !== undefined && bias.length !== 1) return undefined;
  const outputs = bias?.[0];
  const canBePlain = outputs === undefined || outputs === first;
  const canBeTransposed =
    outputs === undefined || (outputs % second === 0 && first % (outputs / second) === 0);
  if (!canBePlain && !canBeTransposed) return undefined;
  const transposed = canBeTransposed && (!canBePlain || TRANSPOSED_NAME.test(path));
  const groups = transposed
    ? (outputs ?? second) / second
    : second === 1 && first > 1 && DEPTHWISE_NAME.test(path)
      ? first
      : 1;
  const [inChannels, outChannels] = transposed ? [first, second * groups] : [second * groups, first];
  const other = transposed ? 'Conv' : 'ConvTranspose';
  const isEither = canBePlain && canBeTransposed;
  const doubts = [
    transposed
      ? `stride, padding, output_padding and dilation${outputs === undefined ? ', groups' : ''}`
      : 'stride, padding, dilation and groups',
    ...(isEither ? [`whether it is ${other}${kernelSize.length}d instead`] : []),
    ...(kernelSize.length === 1 && canBePlain
      ? ['whether it is Bilinear, a grouped linear layer or another module with a weight of three axes']
      : []),
    ...(kernelSize.length === 2 ? ['whether it is another module with a weight of four axes'] : []),
  ];
  const shared = { kind: 'conv', path, shapes, kernelSize, bias: bias !== undefined, doubts } as const;
  return { ...shared, transposed, groups, inChannels, outChannels };
}
