/** Arguments in torch's order, without names. */

import { message, show } from '../../check.js';

const STACK = ['inputSize', 'hiddenSize', 'numLayers'];
const REST = ['bias', 'batchFirst', 'dropout', 'bidirectional'];
const CELL = ['inputSize', 'hiddenSize', 'bias'];
const KERNEL = ['inChannels', 'outChannels', 'kernelSize', 'stride', 'padding'];
const CONV = [...KERNEL, 'dilation', 'groups', 'bias'];
const CONV_TRANSPOSE = [...KERNEL, 'outputPadding', 'groups', 'bias', 'dilation'];

/** torch's order, under the names here. */
const POSITIONS: Readonly<Record<string, readonly string[]>> = {
  GRU: [...STACK, ...REST],
  LSTM: [...STACK, ...REST, 'projSize'],
  RNN: [...STACK, 'nonlinearity', ...REST],
  GRUCell: CELL,
  LSTMCell: CELL,
  RNNCell: [...CELL, 'nonlinearity'],
  Conv1d: CONV,
  Conv2d: CONV,
  ConvTranspose1d: CONV_TRANSPOSE,
  ConvTranspose2d: CONV_TRANSPOSE,
  Embedding: ['numEmbeddings', 'embeddingDim', 'paddingIdx'],
  BatchNorm: ['numFeatures', 'eps', 'momentum', 'affine'],
  GroupNorm: ['numGroups', 'numChannels', 'eps', 'affine'],
  InstanceNorm1d: ['numFeatures', 'eps', 'momentum', 'affine', 'trackRunningStats'],
};

/**
 * The one argument of a factory, which its class checks.
 *
 * @throws TypeError for arguments as torch takes them, `gru(5, 6)`, with the object to pass.
 */
export function namedArgs<Args>(className: string, given: readonly unknown[]): Args {
  const [args] = given;
  if (typeof args !== 'number') return args as Args;
  const names = POSITIONS[className] ?? [];
  const named = given.slice(0, names.length).map((value, i) => `${names[i]}: ${show(value)}`);
  const got = given.map(show).join(', ');
  const remedy = `Pass { ${named.join(', ')} }`;
  throw new TypeError(message(className, 'args', 'an object with named arguments', got, remedy));
}
