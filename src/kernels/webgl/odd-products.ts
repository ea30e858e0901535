/**
 * Matrix products of webgl over a dimension of an odd size.
 *
 * A texel of webgl holds 2 x 2 elements, so the last ones of an odd size hold something beside the matrix. tfjs 4.22 multiplies that
 * too: it adds a product of two numbers that belong to no matrix. They are zeros where values come from the host, but elementwise ops
 * compute them along, and exp(0) = 1, 0 + 0.5, sigmoid(0) are none. `tf.losses.softmaxCrossEntropy` of 5 logits leaves such numbers
 * in its gradient, SGD carries them into the weight, and from the second step on the gradients behind it were 4% off (43% at 3 logits).
 *
 * Here both operands of such a product get zeros there first. Division is the one op of tfjs that leaves them.
 */

import {
  _FusedMatMul,
  BatchMatMul,
  Conv2D,
  Conv2DBackpropInput,
  FusedConv2D,
  getKernel,
  type KernelBackend,
  type KernelFunc,
  RealDiv,
  type TensorInfo,
} from '@tensorflow/tfjs-core';
import { isPackedTexture } from '../../tfjs-internals/backends.js';
import { replaceKernel } from '../replace-kernel.js';

type Inputs = Readonly<Record<string, TensorInfo>>;

interface Attributes {
  readonly transposeA?: boolean;
  readonly dataFormat?: string;
}

interface Product {
  /** The names of the two inputs that are multiplied. */
  readonly operands: readonly [string, string];
  /** The size of the dimension that is summed over, or a factor of it that is odd where it is. */
  inner(operand: TensorInfo, attrs: Attributes): number;
}

function matrices(): Product {
  const inner: Product['inner'] = ({ shape }, { transposeA }) => shape.at(transposeA ? -2 : -1) as number;
  return { operands: ['a', 'b'], inner };
}

/** A convolution sums over channels, by kernels with as many. */
function images(name: string): Product {
  const inner: Product['inner'] = ({ shape }, { dataFormat }) =>
    shape[dataFormat === 'NCHW' ? 1 : 3] as number;
  return { operands: [name, 'filter'], inner };
}

const PRODUCTS: Readonly<Record<string, Product>> = {
  [BatchMatMul]: matrices(),
  [_FusedMatMul]: matrices(),
  [Conv2D]: images('x'),
  [FusedConv2D]: images('x'),
  [Conv2DBackpropInput]: images('dy'),
};

/** The same values with zeros beside them: undefined where there are zeros already. */
function cleared(backend: KernelBackend, operand: TensorInfo): TensorInfo | undefined {
  if (!isPackedTexture(backend, operand)) return undefined;
  const { dtype } = operand;
  const one = { dataId: backend.write(Float32Array.of(1), [], dtype), shape: [], dtype };
  const inputs = { a: operand, b: one };
  const quotient = getKernel(RealDiv, 'webgl').kernelFunc({ inputs, backend }) as TensorInfo;
  backend.disposeData(one.dataId);
  return quotient;
}

function onClearedOperands(present: KernelFunc, { operands, inner }: Product): KernelFunc {
  return ({ inputs, backend, attrs }) => {
    const given = inputs as Inputs;
    if (inner(given[operands[0]] as TensorInfo, attrs as Attributes) % 2 === 0)
      return present({ inputs, backend, attrs });
    const webgl = backend as KernelBackend;
    const own: Record<string, TensorInfo> = {};
    for (const name of operands) {
      const operand = cleared(webgl, given[name] as TensorInfo);
      if (operand) own[name] = operand;
    }
    const output = present({ inputs: { ...inputs, ...own }, backend, attrs });
    for (const { dataId } of Object.values(own)) webgl.disposeData(dataId);
    return output;
  };
}

for (const [kernelName, product] of Object.entries(PRODUCTS))
  replaceKernel(kernelName, 'webgl', (present) => onClearedOperands(present, product));
