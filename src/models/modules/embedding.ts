import { identical } from '../../matching/layout.js';
import type { ModuleKind } from './module.js';

interface EmbeddingConfig {
  inputDim: number;
  outputDim: number;
  maskZero: boolean;
}

/** weight `[num_embeddings, embedding_dim]`; torch's padding_idx is a row of it like any other. */
export const embedding: ModuleKind = (layer) => {
  const config = layer.getConfig();
  const { inputDim, outputDim, maskZero } = config as unknown as EmbeddingConfig;
  return {
    torchName: 'torch.nn.Embedding',
    config,
    parameters: () => [
      { key: 'weight', weight: 'embeddings', shape: [inputDim, outputDim], layout: identical },
    ],
    inputShape: () => [null, null],
    sizes(shapeOf) {
      const found = shapeOf('weight');
      if (found?.length !== 2) return undefined;
      const [rows, columns] = found as [number, number];
      const isTransposed = rows === outputDim && columns === inputDim;
      return isTransposed ? undefined : { inputDim: rows, outputDim: columns };
    },
    warnings(tensorOf) {
      const values = tensorOf('weight')?.data;
      // Of every dtype, the bits of +0 are 0.
      if (maskZero || !values?.subarray(0, outputDim).every((value: number | bigint) => Number(value) === 0))
        return [];
      return [
        `layer "${layer.name}": row 0 is all zeros, as padding_idx=0 leaves it, and maskZero is off. ` +
          'Pass maskZero: true to tf.layers.embedding only where the PyTorch model packs its input and index 0 pads.',
      ];
    },
    conflict() {
      const { dtype } = layer;
      if (dtype == null || dtype === 'float32') return undefined;
      return { rule: 'dtype float32', got: dtype, remedy: 'It is the type of the vectors, not of the ids' };
    },
  };
};
