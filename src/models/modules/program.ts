/** A whole model as one layer, which says itself what its `state_dict()` has. */

import { identical } from '../../matching/layout.js';
import type { Parameter } from '../../matching/torch-module.js';
import type { TorchDtype } from '../../state-dict/tensors/tensor.js';
import type { Layer, ModuleKind } from './module.js';

/** A layer such as the one of `tfjs-torch-rnn/program`, which this folder does not import. */
interface ProgramLayer extends Layer {
  /** Parameters and persistent buffers: key, the name of the weight that holds it, dtype and shape of the model. */
  torchEntries(): readonly {
    readonly key: string;
    readonly weight: string;
    readonly dtype: TorchDtype;
    readonly shape: readonly number[];
  }[];
}

export function isProgram(layer: Layer): layer is ProgramLayer {
  return typeof (layer as Partial<ProgramLayer>).torchEntries === 'function';
}

export const program: ModuleKind = (layer) => ({
  torchName: 'the exported model',
  config: {},
  parameters: () =>
    (layer as ProgramLayer).torchEntries().map(
      ({ key, weight, dtype, shape }): Parameter => ({
        ...{ key, weight, shape, layout: identical },
        ...((dtype === 'I64' || dtype === 'I32' || dtype === 'BOOL') && { dtype }),
      }),
    ),
  // Its weights do not depend on an input.
  inputShape: () => [],
});
