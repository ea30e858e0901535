/** The lines that make the layer of one module and load it. */

import type {
  BatchNormModule,
  CellModule,
  ConvModule,
  EmbeddingModule,
  GroupNormModule,
  InstanceNormModule,
  LayerNormModule,
  LinearModule,
  PReLUModule,
  RecognisedModule,
  RecurrentModule,
  UnknownModule,
} from '../../torch/modules.js';
import { convSettings, normSettings, recurrentSettings } from './settings.js';
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
}

/** What neither names nor shapes tell of an Embedding. */
export const PADDING_COMMENT =
  '// paddingIdx: 0 too where the module has padding_idx=0, whose row torch does not train';

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
      return layerCode('new Embedding', embeddingArgs(module), names, {
        comments: [
          `${PADDING_COMMENT}.`,
          '// The layer makes no mask for layers that are called on tensors: pass lengths to those where the module packs its input.',
        ],
        isOwn: true,
      });
    case 'layerNorm':
      return layerNormCode(module, names);
    case 'batchNorm':
      return normCode('batchNorm', module, module.affine ? [] : [['affine', false]], names);
    case 'groupNorm':
      return normCode('groupNorm', module, [['numGroups', module.numGroups]], names);
    case 'instanceNorm': {
      const { affine, tracks } = module;
      const args: Argument[] = [...(affine ? [['affine', true] as const] : [])];
      return normCode(
        'instanceNorm1d',
        module,
        tracks ? [...args, ['trackRunningStats', true]] : args,
        names,
      );
    }
    case 'conv':
      return convCode(module, names);
    case 'prelu':
      return preluCode(module, names);
  }
}

function recurrentCode(module: RecurrentModule | CellModule, names: CodeNames): ModuleCode {
  const { torchName } = module;
  const args: Argument[] = [];
  if (names.prefix !== undefined) args.push(['prefix', names.prefix]);
  // tf.sequential feeds batches first, code of one's own what PyTorch's forward has.
  if (module.settings?.get('batch_first') === false) args.push(['batchFirst', false]);
  args.push(...recurrentSettings(module));
  const options = args.length > 0 ? `, ${callText(args)}` : '';
  const line = `export const ${names.variable} = ${torchName}.fromStateDict(stateDict${options});`;
  return { lines: [line], imports: [torchName], usesTf: false };
}

interface LayerCodeOptions {
  /** Lines above. */
  readonly comments?: readonly string[];
  /** Whether the factory, or class behind `new`, is one of this package. */
  readonly isOwn?: boolean;
}

/** A layer of tf.layers or of this package, made and loaded. */
function layerCode(
  factory: string,
  args: readonly Argument[],
  names: CodeNames,
  { comments = [], isOwn = false }: LayerCodeOptions = {},
): ModuleCode {
  const { variable, prefix, name } = names;
  const all: Argument[] = [...(name === undefined ? [] : [['name', name] as const]), ...args];
  const options = prefix === undefined ? '' : `, ${callText([['prefix', prefix]])}`;
  return {
    lines: [
      ...comments,
      `export const ${variable} = ${isOwn ? '' : 'tf.layers.'}${factory}(${callText(all)});`,
      `loadStateDict(${variable}, stateDict${options});`,
    ],
    imports: isOwn ? ['loadStateDict', factory.replace(/^new /, '')] : ['loadStateDict'],
    usesTf: !isOwn,
  };
}

/** The sizes of a Linear, as arguments of `tf.layers.dense`. */
export function linearArgs({ outFeatures, bias }: LinearModule): Argument[] {
  return [['units', outFeatures], ...biasArgs(bias)];
}

function biasArgs(bias: boolean): Argument[] {
  return bias ? [] : [['useBias', false]];
}

/** The sizes of an Embedding, as arguments of that of this package, which says that the model packs nothing. */
export function embeddingArgs({ numEmbeddings, embeddingDim }: EmbeddingModule): Argument[] {
  return [
    ['numEmbeddings', numEmbeddings],
    ['embeddingDim', embeddingDim],
    ['maskPadding', false],
  ];
}

/** Unbuilt: the loader builds the layer so that it serves inputs of any rank. */
function layerNormCode(module: LayerNormModule, names: CodeNames): ModuleCode {
  const { normalizedShape, bias, settings } = module;
  const args: Argument[] = [['epsilon', `${settings?.get('eps') ?? '1e-5'}`]];
  const axes = normalizedShape.map((_, i) => i - normalizedShape.length);
  if (axes.length > 1) args.push(['axis', `[${axes.join(', ')}]`]);
  if (!bias) args.push(['center', false]);
  const comments = axes.length === 1 && bias && module.torchClass === undefined ? OTHER_NORMS : [];
  return layerCode('layerNormalization', args, names, { comments });
}

/** Modules with the tensors of a LayerNorm over one axis. */
const OTHER_NORMS = [
  '// If the module is a GroupNorm: groupNorm({ numGroups }) of this package; an InstanceNorm1d: instanceNorm1d({ affine: true });',
  '// a BatchNorm without statistics: batchNorm({ trackRunningStats: false }). The tensors are the same, the numbers are not.',
];

/** A norm of this package. */
function normCode(
  factory: string,
  { doubts, settings }: BatchNormModule | GroupNormModule | InstanceNormModule,
  args: readonly Argument[],
  names: CodeNames,
): ModuleCode {
  const open = settings ? doubts : ['eps', 'momentum'];
  const remark = open.length > 0 ? ` Pass ${open.join(' and ')} as the module had them.` : '';
  return layerCode(factory, [...args, ...normSettings(settings)], names, {
    comments: [`// Channels last.${remark}`],
    isOwn: true,
  });
}

/** Of this package, which takes torch's strides and padding as they are; tf.layers take no numbers for padding. */
function convCode(module: ConvModule, names: CodeNames): ModuleCode {
  const { outChannels, kernelSize, bias, transposed, groups } = module;
  const axes = kernelSize.length;
  const kernel = axes === 1 ? `${kernelSize[0]}` : `[${kernelSize.join(', ')}]`;
  const args: Argument[] = [
    ['outChannels', outChannels],
    ['kernelSize', kernel],
    ...(groups === 1 ? [] : [['groups', groups] as const]),
    ...convSettings(module.settings),
    ...(bias ? [] : [['bias', false] as const]),
  ];
  const comments = [`// Channels last: ${CHANNELS_LAST[axes]}.${openText(module)}`];
  return layerCode(`conv${transposed ? 'Transpose' : ''}${axes}d`, args, names, { comments, isOwn: true });
}

/** What the file leaves open of a convolution. */
function openText({ transposed, groups, settings, doubts }: ConvModule): string {
  const more = transposed ? 'stride, padding, outputPadding, dilation' : 'stride, padding, dilation';
  const open = settings ? doubts.join(', ') : groups === 1 ? `${more} and groups` : more;
  return open === '' ? '' : ` Pass ${open} as the module had them.`;
}

/** alpha lies along the last axes, and serves inputs of any rank from 2 on once it is loaded. */
function preluCode({ parameters }: PReLUModule, names: CodeNames): ModuleCode {
  return parameters === 1
    ? layerCode('prelu', [['sharedAxes', '[1]']], names, {
        comments: ['// In a model that is saved with [B, T, C] inside: sharedAxes: [1, 2].'],
      })
    : layerCode('prelu', [], names, {
        comments: ['// In a model that is saved with [B, T, C] inside: sharedAxes: [1].'],
      });
}
