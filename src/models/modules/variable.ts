/** A parameter or buffer that a module of torch has beside its modules. */

import type { Variable } from '@tensorflow/tfjs-core';
import { identical } from '../../matching/layout.js';
import type { TorchModule } from '../../matching/torch-module.js';

/** Its path is its whole name, so nothing stands below it. */
export function looseParameter({ shape }: Variable): TorchModule {
  return {
    torchName: 'torch.nn.Parameter',
    config: {},
    parameters: () => [{ key: '', weight: '', shape, layout: identical }],
    inputShape: () => undefined,
  };
}
