/** The lines that make the layer of one module and load it. */

import type {
  BatchNormModule,
  CellModule,
  ConvModule,
  EmbeddingModule,
  LayerNormModule,
  LinearModule,
  PReLUModule,
  RecognisedModule,
  RecurrentModule,
  UnknownModule,
} from '../../torch/modules.js';
import { type Argument, callText } from './syntax.js';

export interface ModuleCode {
  readonly lines: readonly string[];
  /** What the lines import from this package. */
  readonly imports: readonly string[];
  /** Whether they use tf.layers. */
  readonly usesTf: boolean;
}

export interface CodeNames {
  readonly variable: string;
  /** Literals of the module path and of a name for the layer; absent at the root, and where no layer can be called so. */
  readonly prefix: string | undefined;
  readonly name: string | undefined;
  /** The expression for the tensors that it is loaded from. */
  readonly tensors: string;
}

/** Inputs of convolutions, by the axes of the kernel. */
const CHANNELS_LAST: Readonly<Record<number, string>> = { 1: '[B, T, C]', 2: '[B, H, W, C]' };

export function kindCode(module: Exclude<RecognisedModule, UnknownModule>, names: CodeNames): ModuleCode {
  switch (module.kind) {
    case 'recurrent':
    case 'cell':
      return recurrentCode(module, names);
    case 'linear':
      return layerCode('dense', linearArgs(module), names);
    case 'embedding':
      return layerCode('embedding', embeddingArgs(module), names, [
        '// maskZero: true only where the module packs its input and index 0 pads; padding_idx masks nothing.',
      ]);
    case 'layerNorm':
      return layerNormCode(module, names);
    case 'batchNorm':
      return layerCode('batchNormalization', batchNormArgs(module), names);
    case 'conv':
      return layerCode(`conv${module.kernelSize.length}d`, convArgs(module), names, [
        `// Channels last: ${CHANNELS_LAST[module.kernelSize.length]}. Pass strides, padding and dilationRate as the module had them.`,
      ]);
    case 'prelu':
      return layerCode('prelu', preluArgs(module), names, [
        module.parameters === 1
          ? '// For [B, T, C]: one value for all, so every axis is shared.'
          : '// For [B, T, C]: share all axes but the channels.',
      ]);
  }
}

function recurrentCode({ torchName }: RecurrentModule | CellModule, names: CodeNames): ModuleCode {
  const args: Argument[] = [];
  if (names.prefix !== undefined) args.push(['prefix', names.prefix]);
  if (torchName.startsWith('RNN')) args.push(['nonlinearity', "'tanh'"]);
  const options = args.length > 0 ? `, ${callText(args)}` : '';
  const line = `export const ${names.variable} = ${torchName}.fromStateDict(${names.tensors}${options});`;
  return { lines: [line], imports: [torchName], usesTf: false };
}

/** A layer of tf.layers, made and loaded. */
function layerCode(
  factory: string,
  args: readonly Argument[],
  names: CodeNames,
  comments: readonly string[] = [],
  build?: string,
): ModuleCode {
  const { variable, prefix, name, tensors } = names;
  const all: Argument[] = [...(name === undefined ? [] : [['name', name] as const]), ...args];
  const options = prefix === undefined ? '' : `, ${callText([['prefix', prefix]])}`;
  return {
    lines: [
      ...comments,
      `export const ${variable} = tf.layers.${factory}(${callText(all)});`,
      ...(build === undefined ? [] : [`${variable}.build(${build});`]),
      `loadStateDict(${variable}, ${tensors}${options});`,
    ],
    imports: ['loadStateDict'],
    usesTf: true,
  };
}

/** The sizes of a Linear, as arguments of `tf.layers.dense`. */
export function linearArgs({ outFeatures, bias }: LinearModule): Argument[] {
  return [['units', outFeatures], ...biasArgs(bias)];
}

function biasArgs(bias: boolean): Argument[] {
  return bias ? [] : [['useBias', false]];
}

/** The sizes of an Embedding, as arguments of `tf.layers.embedding`. */
export function embeddingArgs({ numEmbeddings, embeddingDim }: EmbeddingModule): Argument[] {
  return [
    ['inputDim', numEmbeddings],
    ['outputDim', embeddingDim],
  ];
}

/** Once built, the layer counts its axes from the front, so its code gives the rank. */
function layerNormCode({ normalizedShape, bias }: LayerNormModule, names: CodeNames): ModuleCode {
  const args: Argument[] = [['epsilon', '1e-5']];
  const axes = normalizedShape.map((_, i) => i - normalizedShape.length);
  if (axes.length > 1) args.push(['axis', `[${axes.join(', ')}]`]);
  if (!bias) args.push(['center', false]);
  const leading = axes.length > 1 ? 'null' : 'null, null';
  const build = `[${leading}, ${normalizedShape.join(', ')}]`;
  return layerCode(
    'layerNormalization',
    args,
    names,
    [`// Built for inputs ${build}: give them the rank that yours have.`],
    build,
  );
}

function batchNormArgs({ affine }: BatchNormModule): Argument[] {
  const args: Argument[] = [['epsilon', '1e-5']];
  return affine ? args : [...args, ['scale', false], ['center', false]];
}

function convArgs({ outChannels, kernelSize, bias }: ConvModule): Argument[] {
  const kernel = kernelSize.length === 1 ? `${kernelSize[0]}` : `[${kernelSize.join(', ')}]`;
  return [['filters', outChannels], ['kernelSize', kernel], ...biasArgs(bias)];
}

function preluArgs({ parameters }: PReLUModule): Argument[] {
  return [['sharedAxes', parameters === 1 ? '[1, 2]' : '[1]']];
}
