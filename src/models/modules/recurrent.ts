import { gatesNote } from '../../layers/gates.js';
import type { Recurrent } from '../../layers/recurrent.js';
import { identical, type Sizes } from '../layout.js';
import type { Layer, ModuleKind } from './module.js';

/** Any size: only its place in the shapes matters. */
const SOME_SIZE = 1;

/** The layers of this package: names and shapes are torch's own. */
export const recurrent: ModuleKind = {
  torchName: 'torch.nn.GRU, LSTM or RNN',
  parameters(layer, inputShape) {
    const inputSize = (layer as Recurrent).inputSize ?? inputShape?.at(-1) ?? null;
    const shapes = (layer as Recurrent).torchShapes(inputSize ?? SOME_SIZE);
    return [...shapes].map(([key, shape]) => {
      const open = inputSize === null && /^weight_ih_l0(_reverse)?$/.test(key);
      const sizes: Sizes = open ? [shape[0] as number, null] : shape;
      return { key, weight: key, shape: sizes, layout: identical };
    });
  },
  inputShape(_, shapeOf) {
    const inputSize = shapeOf('weight_ih_l0')?.[1];
    return inputSize === undefined ? undefined : [null, null, inputSize];
  },
  // One key of each group speaks for it, or a file without biases would ask for other arguments as well.
  argumentFor(key, present) {
    if (key === 'bias_ih_l0') return `bias: ${present}`;
    if (key === 'weight_ih_l0_reverse') return `bidirectional: ${present}`;
    if (!/^weight_ih_l[1-9]\d*$/.test(key)) return undefined;
    return present ? 'a larger numLayers' : 'a smaller numLayers';
  },
  shapeNote(_, { key, shape }, found) {
    const [rows, hiddenSize] = shape as [number, number];
    return key === 'weight_hh_l0' ? gatesNote(found, rows / hiddenSize) : undefined;
  },
};

/** Any layer that says which torch parameters it has. */
export function isRecurrent(layer: Layer): layer is Recurrent {
  return typeof (layer as Partial<Recurrent>).torchShapes === 'function';
}
