import { gatesNote } from '../../layers/gates.js';
import type { Recurrent } from '../../layers/recurrent.js';
import { identical, type Sizes } from '../layout.js';
import type { Layer, ModuleKind } from './module.js';

/** Any size: only its place in the shapes matters. */
const SOME_SIZE = 1;

/** A file may number layers as it likes: what no module has, is no reason for a hint. */
const LATER_LAYER = /^weight_ih_l([1-9]\d{0,2})$/;

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
  argumentsFor(keys, present) {
    const flags = Object.entries({ bias_ih_l0: 'bias', weight_ih_l0_reverse: 'bidirectional' });
    const layers = keys.map((key) => Number(LATER_LAYER.exec(key)?.[1])).filter((layer) => layer > 0);
    const [first, last] = [Math.min, Math.max].map((pick) =>
      layers.reduce((a, b) => pick(a, b), layers[0] ?? 0),
    );
    const numLayers = present ? last + 1 : first;
    return [
      ...flags.filter(([key]) => keys.includes(key)).map(([, flag]) => `${flag}: ${present}`),
      ...(layers.length > 0 ? [`numLayers: ${numLayers}`] : []),
    ];
  },
  sizes(layer, shapeOf) {
    const { hiddenSize } = layer.getConfig() as { hiddenSize: number };
    const rows = (layer as Recurrent).torchShapes(SOME_SIZE).get('weight_hh_l0')?.[0] as number;
    const [ih, hh] = [shapeOf('weight_ih_l0'), shapeOf('weight_hh_l0')];
    if (hh?.length !== 2 || ih?.length !== 2 || ih[0] !== hh[0]) return undefined;
    const found = hh[1] as number;
    // Of another class, or with a projection, there are other rows.
    return hh[0] === (rows / hiddenSize) * found ? { hiddenSize: found } : undefined;
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
