import type { RecurrentCell } from '../../layers/cells/recurrent-cell.js';
import type { Recurrent } from '../../layers/recurrent/recurrent.js';
import { settingsOf } from '../../layers/weights/settings.js';
import { identical, type Sizes } from '../../matching/layout.js';
import type { ShapeOf } from '../../matching/torch-module.js';
import { gatesNote } from '../../torch/gates-note.js';
import type { Layer, ModuleKind } from './module.js';

/** Any size: only its place in the shapes matters. */
const SOME_SIZE = 1;

/** A file may number layers as it likes: no module has a thousand, and such a number gives no hint. */
const LATER_LAYER = /^weight_ih_l([1-9]\d{0,2})$/;

interface RecurrentConfig {
  readonly hiddenSize: number;
  readonly projSize?: number;
}

/** Names and shapes are torch's own. `first` ends the names of the first layer's parameters: a cell's have no number. */
function kindOf(torchName: string, first: '_l0' | '', leading: readonly null[]): ModuleKind {
  const [weightIh, weightHh] = [`weight_ih${first}`, `weight_hh${first}`];
  return (layer) => {
    const own = layer as TorchLayer;
    const config = own.getConfig();
    const { hiddenSize, projSize } = config as unknown as RecurrentConfig;
    const gates = gatesOf(own, hiddenSize);
    return {
      torchName,
      config,
      parameters(inputShape) {
        const inputSize = own.inputSize ?? inputShape?.at(-1) ?? null;
        return [...own.torchShapes(inputSize ?? SOME_SIZE)].map(([key, shape]) => {
          const isOpen = inputSize === null && (key === weightIh || key === `${weightIh}_reverse`);
          const sizes: Sizes = isOpen ? [shape[0] as number, null] : shape;
          return { key, weight: key, shape: sizes, layout: identical };
        });
      },
      inputShape(shapeOf) {
        const inputSize = shapeOf(weightIh)?.[1];
        return inputSize === undefined ? undefined : [...leading, inputSize];
      },
      settings: settingsOf(own),
      // One key of each group speaks for it, or a file without biases would ask for other arguments as well.
      argumentsFor(keys, present) {
        const flags = Object.entries({ [`bias_ih${first}`]: 'bias', weight_ih_l0_reverse: 'bidirectional' });
        const layers = keys.map((key) => Number(LATER_LAYER.exec(key)?.[1])).filter((n) => n > 0);
        const numLayers = present ? Math.max(...layers) + 1 : Math.min(...layers);
        return [
          ...flags.filter(([key]) => keys.includes(key)).map(([, flag]) => `${flag}: ${present}`),
          ...(layers.length > 0 ? [`numLayers: ${numLayers}`] : []),
        ];
      },
      sizes(shapeOf) {
        const found = sizesInFile(first, gates, shapeOf);
        if (found === undefined || projSize !== undefined) return found;
        // A class without projections has no argument for one.
        return found.projSize === 0 ? { hiddenSize: found.hiddenSize } : undefined;
      },
      shapeNote({ key }, found) {
        return key === weightHh && !projSize ? gatesNote(found, gates, weightHh) : undefined;
      },
    };
  };
}

type TorchLayer = Recurrent | RecurrentCell;

/** G, the blocks of rows in the weights of a layer's class. */
function gatesOf(layer: TorchLayer, hiddenSize: number): number {
  const [first] = layer.torchShapes(SOME_SIZE).values();
  return (first?.[0] as number) / hiddenSize;
}

/** H and P where the first layer's shapes are plainly those of a class with G gates. */
function sizesInFile(first: string, gates: number, shapeOf: ShapeOf) {
  const [ih, hh, hr] = ['weight_ih', 'weight_hh', 'weight_hr'].map((name) => shapeOf(name + first));
  if (hh?.length !== 2 || ih?.length !== 2 || ih[0] !== hh[0]) return undefined;
  const [rows, columns] = hh as [number, number];
  const [projSize, hiddenSize] = hr === undefined ? [0, columns] : (hr as [number, number]);
  const isOwn = rows === gates * hiddenSize && columns === (projSize || hiddenSize);
  return isOwn ? { hiddenSize, projSize } : undefined;
}

/** The layers of this package. */
export const recurrent = kindOf('torch.nn.GRU, LSTM or RNN', '_l0', [null, null]);

/** Its cells. */
export const recurrentCell = kindOf('torch.nn.GRUCell, LSTMCell or RNNCell', '', [null]);

/** Any layer or cell that says which torch parameters it has. */
export function isRecurrent(layer: Layer): layer is TorchLayer {
  return typeof (layer as Partial<TorchLayer>).torchShapes === 'function';
}

/** Whether such a layer is a cell. */
export function isCell(layer: Layer): layer is RecurrentCell {
  return isRecurrent(layer) && 'stateSize' in layer;
}
