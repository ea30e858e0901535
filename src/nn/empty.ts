import {
  customGrad,
  type DataType,
  fill,
  type GradSaveFunc,
  type Tensor,
  zeros,
  zerosLike,
} from '@tensorflow/tfjs-core';

/**
 * What an op returns for a batch without rows: a tensor without elements, all of whose gradients are zeros.
 *
 * Kernels of tfjs 4.22 fail at empty tensors on webgl and webgpu, and wasm's read memory that nobody wrote.
 *
 * @param shape has a 0.
 * @param inputs what the op computes with.
 */
export function emptyOf<T extends Tensor>(shape: readonly number[], inputs: readonly Tensor[]): T {
  return constantOf(shape, inputs, 0);
}

/**
 * What an op returns for inputs of which no element counts, such as the sum over an axis without any: one value everywhere, all of
 * whose gradients are zeros.
 *
 * @param inputs what the op computes with.
 */
export function constantOf<T extends Tensor>(
  shape: readonly number[],
  inputs: readonly Tensor[],
  value: number,
  dtype: DataType = 'float32',
): T {
  const op = customGrad((...args) => {
    const save = args.pop() as unknown as GradSaveFunc;
    save(args as Tensor[]);
    return {
      value: fill([...shape], value, dtype as 'float32'),
      gradFunc: (_dy: Tensor, saved: Tensor[]) => saved.map((input) => zerosLike(input)),
    };
  });
  return op(...inputs.filter((input) => input.dtype === 'float32')) as T;
}

/** A tensor without elements in the place of an op of `x` alone, of its dtype. */
export function emptyLike(shape: readonly number[], x: Tensor): Tensor {
  return x.dtype === 'float32' ? emptyOf(shape, [x]) : zeros([...shape], x.dtype);
}

/** Whether a tensor of this shape has no elements. */
export function isEmpty(shape: readonly number[]): boolean {
  return shape.includes(0);
}
