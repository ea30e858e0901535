/** Recurrent layers in plain loops of float64: slow, and free to compute what no layer of this package does. */

/** The equations of a step; `GRU_RESET_FIRST` has the reset gate before the product with W_hn, as Keras's first GRU. */
export type PlainCell = 'GRU' | 'GRU_RESET_FIRST' | 'LSTM' | 'RNN_TANH' | 'RNN_RELU';

/** Row-major; rows by gates as torch has them. */
export interface PlainWeights {
  readonly ih: Float64Array;
  readonly hh: Float64Array;
  readonly biasIh: Float64Array;
  readonly biasHh: Float64Array;
  /** The projection of an LSTM that has one. */
  readonly hr?: Float64Array;
}

export interface PlainStack {
  readonly cell: PlainCell;
  /** H. */
  readonly hiddenSize: number;
  /** By layer, then by direction. */
  readonly layers: readonly (readonly PlainWeights[])[];
}

/** A sequence, or the states of a row by layer and direction: a vector each. */
export type Vectors = readonly Float64Array[];

interface State {
  readonly h: Float64Array;
  readonly c: Float64Array;
}

/** The output of one row at each step; h0 and c0 are zeros where they are absent. */
export function runPlain(stack: PlainStack, x: Vectors, h0?: Vectors, c0?: Vectors): Vectors {
  let sequence = x;
  let place = 0;
  for (const directions of stack.layers) {
    const outputs = directions.map((weights, direction) => {
      const initial = { h: h0?.[place], c: c0?.[place] };
      place++;
      return runDirection(stack, weights, sequence, direction === 1, initial);
    });
    sequence = sequence.map((_, t) => concatenated(outputs.map((output) => output[t] as Float64Array)));
  }
  return sequence;
}

/** Multiplications of one step of one row. */
export function costOfStep({ layers }: PlainStack): number {
  return layers.flat().reduce((sum, { ih, hh }) => sum + ih.length + hh.length, 0);
}

function runDirection(
  { cell, hiddenSize }: PlainStack,
  weights: PlainWeights,
  x: Vectors,
  isReverse: boolean,
  initial: Partial<State>,
): Vectors {
  const outputSize = weights.hr ? weights.hr.length / hiddenSize : hiddenSize;
  const outputs: Float64Array[] = new Array(x.length);
  let state: State = {
    h: initial.h ?? new Float64Array(outputSize),
    c: initial.c ?? new Float64Array(hiddenSize),
  };
  for (let i = 0; i < x.length; i++) {
    const t = isReverse ? x.length - 1 - i : i;
    state = step(cell, weights, x[t], state, hiddenSize);
    outputs[t] = state.h;
  }
  return outputs;
}

function step(cell: PlainCell, weights: PlainWeights, x: Float64Array, state: State, H: number): State {
  const fromX = affine(weights.ih, x, weights.biasIh);
  const fromH = affine(weights.hh, state.h, weights.biasHh);
  switch (cell) {
    case 'GRU':
    case 'GRU_RESET_FIRST':
      return { h: gruStep(cell, weights, fromX, fromH, state.h, H), c: state.c };
    case 'LSTM':
      return lstmStep(weights, fromX, fromH, state.c, H);
    case 'RNN_TANH':
      return { h: fromX.map((value, j) => Math.tanh(value + fromH[j])), c: state.c };
    case 'RNN_RELU':
      return { h: fromX.map((value, j) => Math.max(0, value + fromH[j])), c: state.c };
  }
}

/** Rows r | z | n. */
function gruStep(
  cell: 'GRU' | 'GRU_RESET_FIRST',
  { hh, biasHh }: PlainWeights,
  fromX: Float64Array,
  fromH: Float64Array,
  h: Float64Array,
  H: number,
): Float64Array {
  const gate = (block: number) => h.map((_, j) => sigmoid(fromX[block * H + j] + fromH[block * H + j]));
  const [r, z] = [gate(0), gate(1)];
  const fromReset =
    cell === 'GRU'
      ? r.map((share, j) => share * fromH[2 * H + j])
      : affine(
          hh.subarray(2 * H * H),
          h.map((value, j) => value * r[j]),
          biasHh.subarray(2 * H),
        );
  return h.map((value, j) => (1 - z[j]) * Math.tanh(fromX[2 * H + j] + fromReset[j]) + z[j] * value);
}

/** Rows i | f | g | o. */
function lstmStep(
  { hr }: PlainWeights,
  fromX: Float64Array,
  fromH: Float64Array,
  c: Float64Array,
  H: number,
): State {
  const sum = (block: number, j: number) => fromX[block * H + j] + fromH[block * H + j];
  const next = c.map((value, j) => sigmoid(sum(1, j)) * value + sigmoid(sum(0, j)) * Math.tanh(sum(2, j)));
  const hidden = next.map((value, j) => sigmoid(sum(3, j)) * Math.tanh(value));
  return { h: hr ? affine(hr, hidden, new Float64Array(hr.length / H)) : hidden, c: next };
}

/** The product of a row-major matrix and a vector, plus the bias. */
function affine(matrix: Float64Array, vector: Float64Array, bias: Float64Array): Float64Array {
  const sums = bias.slice();
  for (let i = 0, at = 0; i < sums.length; i++) {
    let sum = 0;
    for (let k = 0; k < vector.length; k++) sum += matrix[at++] * vector[k];
    sums[i] += sum;
  }
  return sums;
}

function sigmoid(value: number): number {
  return 1 / (1 + Math.exp(-value));
}

function concatenated(vectors: Vectors): Float64Array {
  if (vectors.length === 1) return vectors[0];
  return Float64Array.from(vectors.flatMap((vector) => [...vector]));
}
