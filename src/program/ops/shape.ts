/** Other shapes and orders of the same elements. */

import type { Tensor } from '@tensorflow/tfjs-core';
import type { OpFunction } from './types.js';

export const SHAPE: Readonly<Record<string, OpFunction>> = {
  'aten::sym_size.int(Tensor self, int dim) -> SymInt': (self: Tensor, dim: number) =>
    self.shape[dim < 0 ? dim + self.rank : dim] as number,
};
