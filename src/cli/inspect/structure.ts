/** What paths and sizes say of how the modules of a file stand to each other. */

import { parentPath } from '../../state-dict/keys.js';
import { outputSize } from '../../torch/cells.js';
import type {
  EmbeddingModule,
  LinearModule,
  RecognisedModule,
  RecurrentModule,
} from '../../torch/modules.js';

/** Modules in the order in which they run: Embedding, recurrent, Linear. */
export interface PlainOrder {
  readonly embedding: EmbeddingModule | undefined;
  readonly recurrent: RecurrentModule;
  readonly linear: LinearModule | undefined;
}

/**
 * The order in which a model of these modules runs, whatever their order in the file (safetensors sorts them); undefined
 * where the file does not determine it: with another module beside one Embedding, one recurrent layer and one Linear, with modules in
 * different parents, or where one's output is not as wide as the next one's input.
 */
export function plainOrder(modules: readonly RecognisedModule[]): PlainOrder | undefined {
  const embedding = modules.find((module) => module.kind === 'embedding');
  const recurrent = modules.find((module) => module.kind === 'recurrent');
  const linear = modules.find((module) => module.kind === 'linear');
  const found = [embedding, recurrent, linear].filter((module) => module !== undefined);
  if (recurrent === undefined || found.length < 2 || found.length < modules.length) return undefined;
  const parents = new Set(found.map(({ path }) => parentPath(path)));
  const { inputSize, hiddenSize, projSize = 0, bidirectional } = recurrent.args;
  const width = (bidirectional ? 2 : 1) * outputSize({ hiddenSize, projSize });
  // A Linear that could stand before the recurrent layer as well leaves the order open.
  const couldBeBefore =
    linear?.outFeatures === inputSize &&
    (embedding === undefined || embedding.embeddingDim === linear.inFeatures);
  const fits =
    parents.size === 1 &&
    !couldBeBefore &&
    (embedding === undefined || embedding.embeddingDim === inputSize) &&
    (linear === undefined || linear.inFeatures === width);
  return fits ? { embedding, recurrent, linear } : undefined;
}
