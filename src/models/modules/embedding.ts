import { identical } from '../../matching/layout.js';
import type { TorchModule } from '../../matching/torch-module.js';
import type { Layer, ModuleKind } from './module.js';

/** The names that a class gives the sizes and the weight `[num_embeddings, embedding_dim]`. */
interface Names {
  readonly rows: string;
  readonly columns: string;
  readonly weight: string;
}

function moduleFor(layer: Layer, { rows, columns, weight }: Names) {
  const config = layer.getConfig() as Record<string, unknown>;
  const [numRows, numColumns] = [config[rows] as number, config[columns] as number];
  return {
    torchName: 'torch.nn.Embedding',
    config,
    parameters: () => [{ key: 'weight', weight, shape: [numRows, numColumns], layout: identical }],
    inputShape: () => [null, null],
    sizes(shapeOf) {
      const found = shapeOf('weight');
      if (found?.length !== 2) return undefined;
      const isTransposed = found[0] === numColumns && found[1] === numRows;
      return isTransposed ? undefined : { [rows]: found[0] as number, [columns]: found[1] as number };
    },
  } satisfies TorchModule;
}

/** torch's padding_idx is a row like any other, and is trained. */
export const embedding: ModuleKind = (layer) => {
  const module = moduleFor(layer, { rows: 'inputDim', columns: 'outputDim', weight: 'embeddings' });
  const { maskZero } = module.config as { maskZero?: boolean | null };
  return {
    ...module,
    padding: { index: 0, isFrozen: false, argument: 'maskZero', isMasked: maskZero ?? undefined },
    conflict() {
      const { dtype } = layer;
      if (dtype == null || dtype === 'float32') return undefined;
      return { rule: 'dtype float32', got: dtype, remedy: 'It is the type of the vectors, not of the ids' };
    },
  };
};

export const torchEmbedding: ModuleKind = (layer) => {
  const module = moduleFor(layer, { rows: 'numEmbeddings', columns: 'embeddingDim', weight: 'weight' });
  const { paddingIdx, maskPadding } = module.config as { paddingIdx?: number; maskPadding?: boolean };
  const isFrozen = paddingIdx !== undefined;
  const padding = { index: paddingIdx ?? 0, isFrozen, argument: 'maskPadding', isMasked: maskPadding };
  return { ...module, padding };
};
