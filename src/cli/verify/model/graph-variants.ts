/** What a model of tf.layers may have otherwise than PyTorch's: its masks, and which step it takes of a sequence. */

import { type LayersModel, layers, type SymbolicTensor } from '@tensorflow/tfjs-layers';
import { show } from '../../../check.js';
import { lastStep } from '../../../index.js';
import { type Substitute, twinOf } from './rebuild.js';

type Layer = layers.Layer;

export interface GraphVariant {
  /** "the numbers fit ..." */
  readonly fits: string;
  /** What was tried. */
  readonly phrase: string;
  readonly substitute: Substitute;
}

/** Variants of masks and of steps: each alone, and one of each kind together. */
export function graphVariants(model: LayersModel): { alone: GraphVariant[]; together: GraphVariant[] } {
  const masks = [...withoutMasks(model.layers), ...withMasks(model)];
  const steps = model.layers.flatMap((layer) => [
    ...stepInPlaceOfStates(layer),
    ...statesInPlaceOfStep(layer),
  ]);
  const together = masks.flatMap((mask) => steps.map((step) => both(mask, step)));
  return { alone: [...masks, ...steps], together };
}

function both(a: GraphVariant, b: GraphVariant): GraphVariant {
  return {
    fits: `${a.fits}; and ${b.fits}`,
    phrase: `${a.phrase} and ${b.phrase}`,
    substitute: (layer, inputs) => a.substitute(layer, inputs) ?? b.substitute(layer, inputs),
  };
}

interface SequenceLayer extends Layer {
  readonly returnSequences: boolean;
}

/** Whether a layer is a recurrent one of this package that can be asked for all steps or for its last states. */
export function isRecurrent(layer: Layer): layer is SequenceLayer {
  if (!['TorchGRU', 'TorchLSTM', 'TorchRNN'].includes(layer.getClassName())) return false;
  const { returnState, stateful } = layer.getConfig();
  return returnState !== true && stateful !== true;
}

function masksZero(layer: Layer): boolean {
  return layer.getClassName() === 'Embedding' && layer.getConfig().maskZero === true;
}

function namesOf(of: readonly Layer[]): string {
  return of.map(({ name }) => show(name)).join(' and ');
}

function withoutMasks(all: readonly Layer[]): GraphVariant[] {
  const setsLengths = (layer: Layer) => ['TorchLengthMask', 'Masking'].includes(layer.getClassName());
  const takesLengths = (layer: Layer) =>
    ['TorchLastStep', 'TorchMaskedMean'].includes(layer.getClassName()) && Array.isArray(layer.getInputAt(0));
  const masking = all.filter((layer) => masksZero(layer) || setsLengths(layer) || takesLengths(layer));
  if (masking.length === 0) return [];
  return [
    {
      fits: `without the mask or lengths of ${namesOf(masking)}, as where PyTorch runs over the padding: leave them out`,
      phrase: 'no masks',
      substitute: (layer, inputs) => {
        if (masksZero(layer)) return twinOf(layer, { maskZero: false }, inputs);
        if (setsLengths(layer)) return inputs[0];
        return takesLengths(layer) ? twinOf(layer, {}, inputs.slice(0, 1)) : undefined;
      },
    },
  ];
}

function withMasks({ layers: all, inputs }: LayersModel): GraphVariant[] {
  const isOpen = (layer: Layer) => layer.getClassName() === 'Embedding' && !masksZero(layer);
  const open = all.filter(isOpen);
  if (open.length > 0)
    return [
      {
        fits: `with maskZero: true on ${namesOf(open)}, as where PyTorch packs its sequences and index 0 pads`,
        phrase: 'maskZero',
        substitute: (layer, given) => (isOpen(layer) ? twinOf(layer, { maskZero: true }, given) : undefined),
      },
    ];
  const isSequence = (tensor: SymbolicTensor) => tensor.shape.length === 3 && tensor.dtype === 'float32';
  const sequences = inputs.filter(isSequence).map(({ sourceLayer }) => sourceLayer);
  const areMasked = all.some((layer) => masksZero(layer) || layer.getClassName() === 'Masking');
  if (sequences.length === 0 || areMasked) return [];
  return [
    {
      fits: 'with the steps of zeros masked, as where PyTorch packs its sequences: put tf.layers.masking() or lengthMask() behind the input',
      phrase: 'a mask of the steps of zeros',
      substitute: (layer, given) => {
        if (!given.some(({ sourceLayer }) => sequences.includes(sourceLayer))) return undefined;
        const masked = given.map((tensor) =>
          sequences.includes(tensor.sourceLayer)
            ? (layers.masking().apply(tensor) as SymbolicTensor)
            : tensor,
        );
        return layer.apply(masked.length === 1 ? (masked[0] as SymbolicTensor) : masked) as SymbolicTensor;
      },
    },
  ];
}

function stepInPlaceOfStates(layer: Layer): GraphVariant[] {
  if (!isRecurrent(layer) || layer.returnSequences) return [];
  return [
    {
      fits: `with the last step of ${show(layer.name)}, out[:, -1], in place of its last states: pass returnSequences: true, and put lastStep() behind it`,
      phrase: 'the last step in place of the last states',
      substitute: (own, inputs) =>
        own === layer
          ? (lastStep().apply(twinOf(layer, { returnSequences: true }, inputs)) as SymbolicTensor)
          : undefined,
    },
  ];
}

function statesInPlaceOfStep(layer: Layer): GraphVariant[] {
  if (layer.getClassName() !== 'TorchLastStep') return [];
  return [
    {
      fits: `with the last states, torch.cat([h[-2], h[-1]], 1), in place of the last step: pass returnSequences: false, and leave out ${show(layer.name)}`,
      phrase: 'the last states in place of the last step',
      substitute: (own, [x]) => {
        const before = x?.sourceLayer;
        return own === layer && before && isRecurrent(before)
          ? twinOf(before, { returnSequences: false }, (x as SymbolicTensor).inputs)
          : undefined;
      },
    },
  ];
}
