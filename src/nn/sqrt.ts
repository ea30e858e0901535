import { customGrad, divNoNan, type GradSaveFunc, mul, sqrt, type Tensor } from '@tensorflow/tfjs-core';

/** `sqrt(x)`, whose gradient at 0 is 0, as torch has it for norms and standard deviations. */
export function sqrtWithoutSlopeAtZero(x: Tensor): Tensor {
  const op = customGrad((input, save) => {
    const y = sqrt(input as Tensor);
    (save as GradSaveFunc)([y]);
    return { value: y, gradFunc: (dy: Tensor, [saved]: Tensor[]) => divNoNan(dy, mul(saved as Tensor, 2)) };
  });
  return op(x);
}
