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
  const fits =
    parents.size === 1 &&
    (embedding === undefined || embedding.embeddingDim === inputSize) &&
    (linear === undefined || linear.inFeatures === width);
  return fits ? { embedding, recurrent, linear } : undefined;
}

/** The module around another is looked for at most so many levels up. */
const MAX_LEVELS = 128;

/**
 * Paths of the modules directly inside each module, by its path: the head in a subclass of GRU, whose tensors are not the
 * GRU's own.
 */
export function modulesInside(modules: readonly RecognisedModule[]): ReadonlyMap<string, readonly string[]> {
  const paths = new Set(modules.map(({ path }) => path));
  const inside = new Map<string, string[]>();
  for (const path of paths) {
    const outer = outerOf(path, paths);
    if (outer === undefined) continue;
    const known = inside.get(outer);
    if (known) known.push(path);
    else inside.set(outer, [path]);
  }
  return inside;
}

function outerOf(path: string, paths: ReadonlySet<string>): string | undefined {
  let outer = path;
  for (let level = 0; level < MAX_LEVELS && outer !== ''; level++) {
    outer = parentPath(outer);
    if (paths.has(outer)) return outer;
  }
  return undefined;
}
