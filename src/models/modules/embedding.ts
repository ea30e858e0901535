import { identical } from '../layout.js';
import type { Layer, ModuleKind } from './module.js';

interface EmbeddingConfig {
  inputDim: number;
  outputDim: number;
  maskZero: boolean;
}

const configOf = (layer: Layer) => layer.getConfig() as unknown as EmbeddingConfig;

/** weight `[num_embeddings, embedding_dim]`; torch's padding_idx is a row of it like any other. */
export const embedding: ModuleKind = {
  torchName: 'torch.nn.Embedding',
  parameters(layer) {
    const { inputDim, outputDim } = configOf(layer);
    return [{ key: 'weight', weight: 'embeddings', shape: [inputDim, outputDim], layout: identical }];
  },
  inputShape: () => [null, null],
  sizes(layer, shapeOf) {
    const found = shapeOf('weight');
    if (found?.length !== 2) return undefined;
    const [inputDim, outputDim] = found as [number, number];
    const config = configOf(layer);
    const isTransposed = inputDim === config.outputDim && outputDim === config.inputDim;
    return isTransposed ? undefined : { inputDim, outputDim };
  },
  warnings(layer, tensorOf) {
    const { maskZero, outputDim } = configOf(layer);
    const values = tensorOf('weight')?.data;
    // Of every dtype, the bits of +0 are 0.
    if (maskZero || !values?.subarray(0, outputDim).every((value: number | bigint) => Number(value) === 0))
      return [];
    return [
      `layer "${layer.name}": row 0 is all zeros, as padding_idx=0 leaves it, and maskZero is off. ` +
        'Pass maskZero: true to tf.layers.embedding if index 0 pads.',
    ];
  },
  conflict({ dtype }) {
    if (dtype == null || dtype === 'float32') return undefined;
    return { rule: 'dtype float32', got: dtype, remedy: 'It is the type of the vectors, not of the ids' };
  },
};
