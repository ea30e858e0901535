import { identical } from '../layout.js';
import type { ModuleKind } from './module.js';

/** weight `[num_embeddings, embedding_dim]`; torch's padding_idx is a row of it like any other. */
export const embedding: ModuleKind = {
  torchName: 'torch.nn.Embedding',
  parameters(layer) {
    const { inputDim, outputDim } = layer.getConfig() as { inputDim: number; outputDim: number };
    return [{ key: 'weight', weight: 'embeddings', shape: [inputDim, outputDim], layout: identical }];
  },
  inputShape: () => [null, null],
  conflict({ dtype }) {
    if (dtype == null || dtype === 'float32') return undefined;
    return { rule: 'dtype float32', got: dtype, remedy: 'It is the type of the vectors, not of the ids' };
  },
};
