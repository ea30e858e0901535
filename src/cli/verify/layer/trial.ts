/** A layer with its inputs and PyTorch's output, as the plain loops take them. */

import { joinPath } from '../../../state-dict/keys.js';
import { toFloat32Array } from '../../../state-dict/tensors/float32.js';
import type { StateDict, TorchTensor } from '../../../state-dict/tensors/tensor.js';
import { CELLS, rnnCellOf } from '../../../torch/cells.js';
import type { Numbers } from '../rounding.js';
import type { PlainStack, PlainWeights, Vectors } from './plain.js';
import type { LayerCall } from './run-layer.js';

/** One row of a batch. */
export interface Row {
  readonly x: Vectors;
  /** PyTorch's output. */
  readonly y: Vectors;
  /** The steps that the layer reads. */
  readonly length: number;
  /** By layer and direction; absent for zeros. */
  readonly h0?: Vectors;
  readonly c0?: Vectors;
}

export interface Trial {
  readonly stack: PlainStack;
  readonly rows: readonly Row[];
}

/** Undefined where input, states and output do not agree in this layout. */
export function trialOf(call: LayerCall, numbers: Numbers, expected: TorchTensor): Trial | undefined {
  const [x, h0, c0] = numbers.inputs as readonly [TorchTensor, TorchTensor?, TorchTensor?];
  const stack = stackOf(call, numbers.weights);
  const [inputs, outputs] = [rowsOf(call, x), rowsOf(call, expected)];
  const sizes = ([first]: readonly Vectors[], rows: number) => `${rows} ${first?.length}`;
  if (sizes(inputs, inputs.length) !== sizes(outputs, outputs.length)) return undefined;
  const places = stack.layers.flat().length;
  const states = [h0, c0].map((state) => state && statesOf(state, places, inputs.length));
  if (states.some((state) => state !== undefined && state.length !== inputs.length)) return undefined;
  const rows = inputs.map((row, b) => ({
    x: row,
    y: outputs[b] as Vectors,
    length: call.lengths?.[b] ?? row.length,
    h0: states[0]?.[b],
    c0: states[1]?.[b],
  }));
  return { stack, rows };
}

function stackOf({ module, nonlinearity }: LayerCall, weights: StateDict): PlainStack {
  const { path, torchName, args } = module;
  const className = torchName.replace('Cell', '') as keyof typeof CELLS | 'RNN';
  const cell = className === 'RNN' ? rnnCellOf(nonlinearity) : (className as 'GRU' | 'LSTM');
  const numLayers = 'numLayers' in args ? args.numLayers : 1;
  const directions = 'bidirectional' in args && args.bidirectional ? ['', '_reverse'] : [''];
  const values = (name: string) => {
    const tensor = weights.get(joinPath(path, name));
    return tensor && Float64Array.from(toFloat32Array(tensor));
  };
  const ofDirection = (suffix: string): PlainWeights => {
    const rows = CELLS[cell].gates * args.hiddenSize;
    return {
      ih: values(`weight_ih${suffix}`) as Float64Array,
      hh: values(`weight_hh${suffix}`) as Float64Array,
      biasIh: values(`bias_ih${suffix}`) ?? new Float64Array(rows),
      biasHh: values(`bias_hh${suffix}`) ?? new Float64Array(rows),
      hr: values(`weight_hr${suffix}`),
    };
  };
  const suffixOf = (layer: number) => (module.kind === 'cell' ? '' : `_l${layer}`);
  const layers = Array.from({ length: numLayers }, (_, layer) =>
    directions.map((direction) => ofDirection(suffixOf(layer) + direction)),
  );
  return { cell, hiddenSize: args.hiddenSize, layers };
}

/** Sequences by row: of `[T, B, F]`, `[B, T, F]` or `[T, F]`; of a cell `[B, F]` or `[F]`, each of one step. */
function rowsOf({ module, batchFirst }: LayerCall, tensor: TorchTensor): Vectors[] {
  const vectors = split(tensor);
  const { shape } = tensor;
  if (module.kind === 'cell') return vectors.map((vector) => [vector]);
  if (shape.length < 3) return [vectors];
  const [outer, inner] = shape as [number, number];
  if (batchFirst) return range(outer).map((b) => vectors.slice(b * inner, (b + 1) * inner));
  return range(inner).map((b) => range(outer).map((t) => vectors[t * inner + b] as Float64Array));
}

/** States by row, from `[places, B, H]`, `[places, H]`, or of a cell `[B, H]` or `[H]`; of another number of rows where it is wrong. */
function statesOf(state: TorchTensor, places: number, rows: number): Vectors[] {
  const vectors = split(state);
  const found = vectors.length / places;
  if (found !== rows) return [];
  return range(rows).map((b) => range(places).map((place) => vectors[place * rows + b] as Float64Array));
}

function split(tensor: TorchTensor): Float64Array[] {
  const values = Float64Array.from(toFloat32Array(tensor));
  const features = tensor.shape.at(-1) ?? 0;
  return range(features === 0 ? 0 : values.length / features).map((i) =>
    values.subarray(i * features, (i + 1) * features),
  );
}

function range(size: number): number[] {
  return Array.from({ length: size }, (_, i) => i);
}
