/** The gates of a GRU, computed here from its weights: what the layer computes inside and does not return. */

import { type StateDict, toFloat32Array } from 'tfjs-torch-rnn/state-dict';

/** Which way a direction of the layer reads the phrase. */
export type Direction = 'forward' | 'backward';

/** The weights of one direction, under torch's names. Rows of the matrices are those of r, then z, then n. */
export interface GruWeights {
  readonly inputSize: number;
  readonly hiddenSize: number;
  /** `[3H, I]` */
  readonly weightIh: Float32Array;
  /** `[3H, H]` */
  readonly weightHh: Float32Array;
  /** `[3H]` */
  readonly biasIh: Float32Array;
  /** `[3H]` */
  readonly biasHh: Float32Array;
}

export function gruWeights(stateDict: StateDict, prefix: string, direction: Direction): GruWeights {
  const suffix = direction === 'forward' ? 'l0' : 'l0_reverse';
  const take = (name: string) => {
    const tensor = stateDict.get(`${prefix}.${name}_${suffix}`);
    if (tensor === undefined) throw new Error(`The file has no ${prefix}.${name}_${suffix}.`);
    return tensor;
  };
  const [ih, hh] = [take('weight_ih'), take('weight_hh')];
  return {
    inputSize: ih.shape[1] as number,
    hiddenSize: hh.shape[1] as number,
    weightIh: toFloat32Array(ih),
    weightHh: toFloat32Array(hh),
    biasIh: toFloat32Array(take('bias_ih')),
    biasHh: toFloat32Array(take('bias_hh')),
  };
}

/** Values `[T, H]` of each step, in the order of the phrase whichever way it is read. */
export interface Gates {
  readonly steps: number;
  readonly hiddenSize: number;
  /** The reset gate: how much of the state goes into the new one's proposal. */
  readonly r: Float32Array;
  /** The update gate: how much of the state is kept. */
  readonly z: Float32Array;
  /** The state behind each step: the layer's output. */
  readonly h: Float32Array;
}

/** Runs one direction over the inputs of a phrase, from a state of zeros. */
export function computeGates(
  weights: GruWeights,
  inputs: readonly Float32Array[],
  direction: Direction,
): Gates {
  const { hiddenSize: H } = weights;
  const T = inputs.length;
  const gates = { r: new Float32Array(T * H), z: new Float32Array(T * H), h: new Float32Array(T * H) };
  let state = new Float32Array(H);
  for (let step = 0; step < T; step++) {
    const t = direction === 'forward' ? step : T - 1 - step;
    const { r, z, h } = gruStep(weights, inputs[t] as Float32Array, state);
    gates.r.set(r, t * H);
    gates.z.set(z, t * H);
    gates.h.set(h, t * H);
    state = h;
  }
  return { steps: T, hiddenSize: H, ...gates };
}

/**
 * One step of `torch.nn.GRU`:
 *
 *     r  = σ(W_ir x + b_ir + W_hr h + b_hr)
 *     z  = σ(W_iz x + b_iz + W_hz h + b_hz)
 *     n  = tanh(W_in x + b_in + r * (W_hn h + b_hn))
 *     h' = (1 - z) * n + z * h
 */
function gruStep(weights: GruWeights, x: Float32Array, h: Float32Array) {
  const { hiddenSize: H, weightIh, weightHh, biasIh, biasHh } = weights;
  const fromInput = affine(weightIh, x, biasIh);
  const fromState = affine(weightHh, h, biasHh);
  const r = new Float32Array(H);
  const z = new Float32Array(H);
  const next = new Float32Array(H);
  for (let j = 0; j < H; j++) {
    const [atR, atZ, atN] = [j, H + j, 2 * H + j];
    r[j] = sigmoid(fromInput[atR] + fromState[atR]);
    z[j] = sigmoid(fromInput[atZ] + fromState[atZ]);
    const n = Math.tanh(fromInput[atN] + r[j] * fromState[atN]);
    next[j] = (1 - z[j]) * n + z[j] * h[j];
  }
  return { r, z, h: next };
}

/** `W v + b`. */
function affine(matrix: Float32Array, vector: Float32Array, bias: Float32Array): Float64Array {
  const columns = vector.length;
  return Float64Array.from(bias, (sum, row) => {
    const begin = row * columns;
    let total = sum;
    for (let column = 0; column < columns; column++) total += matrix[begin + column] * vector[column];
    return total;
  });
}

function sigmoid(value: number): number {
  return 1 / (1 + Math.exp(-value));
}

/** The mean over the units of each step. */
export function meanOverUnits(values: Float32Array, steps: number, hiddenSize: number): number[] {
  return Array.from({ length: steps }, (_, t) => {
    const units = values.subarray(t * hiddenSize, (t + 1) * hiddenSize);
    return units.reduce((sum, value) => sum + value, 0) / hiddenSize;
  });
}

/** The rows of an embedding `[V, I]` for each index. */
export function embed(stateDict: StateDict, name: string, ids: readonly number[]): Float32Array[] {
  const table = stateDict.get(name);
  if (table === undefined) throw new Error(`The file has no ${name}.`);
  const values = toFloat32Array(table);
  const width = table.shape[1] as number;
  return ids.map((id) => values.subarray(id * width, (id + 1) * width));
}
