/**
 * What each layer of tf.layers (tfjs 4.22) does with a mask. Found by trying every layer that tf.layers exports: a spec does so
 * again, and holds this table to it.
 */

import { layers, type SymbolicTensor } from '@tensorflow/tfjs-layers';

type Layer = layers.Layer;

/**
 * - `makes`: a mask of its own, made from its input. One that comes in ends.
 * - `keeps`: hands on the mask of its first input.
 * - `sequence`: reads the mask, and hands it on where it returns sequences.
 * - `merges`: hands on the masks of all inputs but the last as one, `[1, B, T]`; none where its first input has none, and it
 *   throws where another one but the last has none.
 * - `concatenates`: hands on the masks of all inputs as one.
 * - `drops`: hands on none, though its output is a sequence as well.
 * - `ends`: its output has no steps that the mask could be of.
 * - `fails`: throws where its input has a mask, and hands on none.
 */
export type MaskRule =
  | 'makes'
  | 'keeps'
  | 'sequence'
  | 'merges'
  | 'concatenates'
  | 'drops'
  | 'ends'
  | 'fails';

const CLASSES: Readonly<Record<MaskRule, string>> = {
  makes: 'Embedding Masking',
  keeps:
    'Activation AlphaDropout BatchNormalization Dense Dropout GaussianDropout GaussianNoise LayerNormalization PReLU ReLU ' +
    'SpatialDropout1D TimeDistributed',
  sequence: 'Bidirectional GRU LSTM RNN SimpleRNN',
  merges: 'Add Average Maximum Minimum Multiply',
  concatenates: 'Concatenate',
  drops:
    'AveragePooling1D AveragePooling2D AveragePooling3D CenterCrop Conv1D Conv2D Conv2DTranspose Conv3D Conv3DTranspose ' +
    'Cropping2D DepthwiseConv2D ELU Functional LeakyReLU MaxPooling1D MaxPooling2D MaxPooling3D Model Permute RandomWidth ' +
    'Rescaling Reshape Resizing SeparableConv2D Sequential ThresholdedReLU UpSampling2D ZeroPadding2D',
  ends: 'CategoryEncoding Dot Flatten GlobalAveragePooling1D GlobalAveragePooling2D GlobalMaxPooling1D GlobalMaxPooling2D RepeatVector',
  fails: 'ConvLSTM2D Softmax',
};

/** By class name. */
export const TFJS_MASK_RULES: ReadonlyMap<string, MaskRule> = new Map(
  Object.entries(CLASSES).flatMap(([rule, names]) =>
    names.split(' ').map((name) => [name, rule as MaskRule] as const),
  ),
);

/** This package's layers that make one vector of each row. */
const POOLINGS: readonly string[] = ['TorchLastStep', 'TorchMaskedMean'];

/** What a layer does with a mask. One of another class makes one if it has a `computeMask`. */
export function maskRuleOf(layer: Layer): MaskRule {
  // This package's recurrent layers.
  if ('torchShapes' in layer) return 'sequence';
  if (POOLINGS.includes(layer.getClassName())) return 'ends';
  const known = TFJS_MASK_RULES.get(layer.getClassName());
  if (known !== undefined) return known === 'makes' && !layer.supportsMasking ? 'drops' : known;
  if (!layer.supportsMasking) return 'drops';
  return layer.computeMask === layers.Layer.prototype.computeMask ? 'keeps' : 'makes';
}

/** Whether a layer is one of this package whose result depends on the mask of its first input. */
export function readsMask({ sourceLayer, inputs }: SymbolicTensor): boolean {
  const hasLengths = inputs.length > 1;
  return 'torchShapes' in sourceLayer || (POOLINGS.includes(sourceLayer.getClassName()) && !hasLengths);
}

interface SequenceFacts {
  readonly returnSequences?: unknown;
  readonly mergeMode?: unknown;
  readonly bidirectional?: unknown;
}

/** The number of outputs that have the mask of the sequence, of a layer with the rule `sequence`; its states have none. */
export function maskedOutputs(layer: Layer): number {
  // This package's layers say it in their configuration alone.
  const facts = 'returnSequences' in layer ? layer : layer.getConfig();
  const { returnSequences, mergeMode, bidirectional } = facts as SequenceFacts;
  if (returnSequences !== true) return 0;
  const isBidirectional = bidirectional === true || layer.getClassName() === 'Bidirectional';
  return isBidirectional && (mergeMode === null || mergeMode === 'none') ? 2 : 1;
}
