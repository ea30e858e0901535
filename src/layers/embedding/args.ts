/** The arguments of an embedding, and their checks. */

import { checkBoolean, checkInteger, message, show } from '../../check.js';
import { checkKnown, foreignRemedy } from '../args/known.js';
import type { Filled, LayerArgs } from '../args/module-args.js';
import { checkWeightShape } from '../args/sizes.js';

/** torch's names in camelCase, beside the arguments of a tf.layers layer (`name`, `trainable`, `inputShape`, ...). */
export interface EmbeddingArgs extends LayerArgs {
  /** V, >= 1. */
  readonly numEmbeddings: number;
  /** E, >= 1. */
  readonly embeddingDim: number;
  /** The id that pads, in -V..V-1, negative ones from the end: its row starts as zeros and is not trained. @default none */
  readonly paddingIdx?: number | undefined;
  /**
   * Whether the layers behind it in a model get the mask `id != paddingIdx`, which does there what packing does in PyTorch. The
   * ids of each row are then padded at the end. `false` says that the PyTorch model does not pack. @default false
   */
  readonly maskPadding?: boolean | undefined;
  /** Makes the initial weights repeatable. @default random */
  readonly seed?: number | undefined;
}

/** Checked, with `paddingIdx` counted from the front. `maskPadding` is kept as it was given: a load asks whether it was. */
export type EmbeddingOptions = Filled<EmbeddingArgs, 'paddingIdx' | 'maskPadding' | 'seed'>;

const NAMES = ['numEmbeddings', 'embeddingDim', 'paddingIdx', 'maskPadding', 'seed'];

/** Names in tf.layers and Keras, with the names of the same arguments here. */
const RENAMED: Readonly<Record<string, string>> = { inputDim: 'numEmbeddings', outputDim: 'embeddingDim' };

/** Names in tf.layers and torch that have no counterpart here, each with a remedy. */
const FOREIGN: Readonly<Record<string, string>> = {
  maskZero: 'Pass paddingIdx: 0 and maskPadding: true',
  inputLength: 'Leave it out, or pass inputShape: [T]',
  embeddingsInitializer: 'Leave it out: weights start as torch has them; seed makes them repeatable',
  maxNorm:
    'Leave it out where the model only runs: torch renormalises the rows of the weight when it reads them',
  normType: 'Leave it out: it belongs to max_norm',
  scaleGradByFreq: 'Leave it out where the model only runs: it scales gradients',
  sparse: 'Leave it out: it changes how torch keeps the gradient, not its values',
};

/**
 * Checks the arguments and fills in the defaults.
 * @throws TypeError for an unknown argument or a wrong type, RangeError for a wrong value.
 */
export function parseEmbeddingArgs(where: string, args: EmbeddingArgs): EmbeddingOptions {
  const example = '{ numEmbeddings: 1000, embeddingDim: 64 }';
  checkKnown(where, args, NAMES, example, (key) => foreignRemedy(key, NAMES, RENAMED, FOREIGN));
  const { numEmbeddings, embeddingDim, paddingIdx, maskPadding, seed } = args;
  checkInteger(where, 'numEmbeddings', numEmbeddings, 1);
  checkInteger(where, 'embeddingDim', embeddingDim, 1);
  const what = numEmbeddings > embeddingDim ? 'numEmbeddings' : 'embeddingDim';
  checkWeightShape(where, what, 'weight', [numEmbeddings, embeddingDim]);
  if (paddingIdx !== undefined) checkPaddingIdx(where, paddingIdx, numEmbeddings);
  if (maskPadding !== undefined) checkBoolean(where, 'maskPadding', maskPadding);
  if (maskPadding && paddingIdx === undefined)
    throw new RangeError(message(where, 'paddingIdx', 'an integer beside maskPadding: true', 'undefined'));
  if (seed !== undefined) checkInteger(where, 'seed', seed, 0);
  const fromFront = paddingIdx !== undefined && paddingIdx < 0 ? paddingIdx + numEmbeddings : paddingIdx;
  return { numEmbeddings, embeddingDim, paddingIdx: fromFront, maskPadding, seed };
}

function checkPaddingIdx(where: string, value: unknown, count: number): void {
  const rule = `an integer in ${-count}..${count - 1}`;
  const note = 'Padding_idx must be within num_embeddings';
  if (typeof value !== 'number') throw new TypeError(message(where, 'paddingIdx', rule, show(value)));
  if (!Number.isInteger(value) || value < -count || value >= count)
    throw new RangeError(message(where, 'paddingIdx', rule, show(value), note));
}
