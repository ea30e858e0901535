/** A stack of layers on the engine: forward, and the reserve that its gradient starts from. */

import type { KernelBackend, TensorInfo } from '@tensorflow/tfjs-core';
import type { RecurrentAttrs } from '../contract.js';
import { Scope } from './arena.js';
import { DIRECTION_SIZE, type DirectionFields, noFields, writeDirection } from './direction.js';
import { type Engine, padded } from './engine.js';
import { sortInputs } from './inputs.js';
import { CELL_CODES, GATES, type Packing, type Plan, packingOf, planOf, SLOTS } from './plan.js';
import { makeTensor, valuesOf } from './tensors.js';
import type { PackedWeights, WeightCache } from './weights.js';

/** Floats of the input's share that are held at a time: 1 MiB stays in the second-level cache until the steps read it. */
const CHUNK_FLOATS = 2 ** 18;

/** Where the arrays of a call lie in the arena. */
export interface Layout {
  readonly order: number;
  readonly counts: number;
  /** The input of each layer, `[M, I of the layer]`, and behind them the output of the last. */
  readonly sequences: readonly number[];
  /** By direction: initial states, 0 where there are none. */
  readonly initial: readonly (readonly number[])[];
  /** By direction; 0 in inference. */
  readonly reserves: readonly number[];
}

/** What a training call leaves for its gradient. All blocks belong to `scope`. */
export interface Reserve {
  readonly plan: Plan;
  readonly packing: Packing;
  readonly layout: Layout;
  readonly weights: readonly PackedWeights[];
  readonly scope: Scope;
}

export interface StackResult {
  /** Output, then the final states. */
  readonly outputs: TensorInfo[];
  readonly reserve?: Reserve;
}

/** I of a layer. */
export function inputSizeOf({ inputSize, directions, outSize }: Plan, layer: number): number {
  return layer === 0 ? inputSize : directions * outSize;
}

/** Runs the stack on the inputs of a kernel. @throws UnsupportedError when the arena is full; nothing is kept then. */
export function runStack(
  engine: Engine,
  cache: WeightCache,
  backend: KernelBackend,
  attrs: RecurrentAttrs,
  tensors: readonly TensorInfo[],
  isTraining: boolean,
): StackResult {
  const { x, states, lengths, directions } = sortInputs(attrs.inputNames, tensors);
  const plan = planOf(attrs, x, directions.length);
  const packing = packingOf(plan, lengths && (valuesOf(backend, lengths) as Int32Array));
  const scope = new Scope(engine.arena);
  const temporary = new Scope(engine.arena);
  const weights: PackedWeights[] = [];
  let isKept = false;
  try {
    for (const [k, direction] of directions.entries()) {
      const layer = Math.floor(k / plan.directions);
      weights.push(cache.get(backend, direction, plan, inputSizeOf(plan, layer)));
    }
    const layout = layOut(plan, packing, isTraining ? scope : temporary, isTraining);
    fill(engine, backend, plan, packing, layout, x, states, temporary);
    const finals = runDirections(engine, plan, packing, layout, weights, temporary);
    const outputs = collect(engine, backend, plan, packing, layout, finals, temporary);
    isKept = isTraining;
    return isTraining ? { outputs, reserve: { plan, packing, layout, weights, scope } } : { outputs };
  } finally {
    temporary.release();
    if (!isKept) {
      scope.release();
      for (const packed of weights) packed.users--;
    }
  }
}

function layOut(plan: Plan, packing: Packing, scope: Scope, isTraining: boolean): Layout {
  const { layers, directions, batch, steps, cell, hiddenSize, stateSizes, attrs } = plan;
  const { rows } = packing;
  const width = directions * plan.outSize;
  const all = Array.from({ length: layers * directions }, (_, k) => k);
  // In inference a layer's input is not needed any more when its output is there: two buffers take turns.
  const turns = [0, 1].map(() => (isTraining || layers < 2 ? 0 : scope.allocate(rows * width)));
  const sequences = [scope.allocate(rows * plan.inputSize)];
  for (let layer = 0; layer < layers; layer++)
    sequences.push(turns[layer % 2] || scope.allocate(rows * width));
  const hasStates = attrs.inputNames.includes('state0');
  const slots = cell.startsWith('RNN') ? 0 : SLOTS[cell] * padded(hiddenSize);
  return {
    order: scope.allocate(batch),
    counts: scope.allocate(steps),
    sequences,
    initial: stateSizes.map((size) => {
      const at = hasStates ? scope.allocate(all.length * batch * size) : 0;
      return all.map((k) => (at === 0 ? 0 : at + k * batch * size));
    }),
    reserves: all.map(() => (isTraining && slots > 0 ? scope.allocate(rows * slots) : 0)),
  };
}

/** Copies the packing, the states and x into the arena. */
function fill(
  engine: Engine,
  backend: KernelBackend,
  plan: Plan,
  packing: Packing,
  layout: Layout,
  x: TensorInfo,
  states: readonly TensorInfo[],
  temporary: Scope,
): void {
  engine.ints(layout.order, packing.order.length).set(packing.order);
  engine.ints(layout.counts, packing.counts.length).set(packing.counts);
  for (const [s, state] of states.entries()) {
    const values = valuesOf(backend, state);
    engine.floats(layout.initial[s]?.[0] as number, values.length).set(values);
  }
  const values = valuesOf(backend, x);
  copyIn(engine, plan, packing, layout, values, plan.inputSize, layout.sequences[0] as number, temporary);
}

/** A caller's sequence into the packed order. */
export function copyIn(
  engine: Engine,
  { steps, batch, attrs }: Plan,
  packing: Packing,
  { order, counts }: Layout,
  values: ArrayLike<number>,
  width: number,
  to: number,
  temporary: Scope,
): void {
  if (packing.isIdentity) {
    engine.floats(to, values.length).set(values);
    return;
  }
  const from = temporary.allocate(values.length);
  engine.floats(from, values.length).set(values);
  const { functions, base } = engine;
  functions.pack_sequence(base, from, to, order, counts, steps, batch, width, Number(attrs.batchFirst));
}

/** A packed sequence in the caller's order; a view of the arena. */
export function copyOut(
  engine: Engine,
  { steps, batch, attrs }: Plan,
  packing: Packing,
  { order, counts }: Layout,
  from: number,
  width: number,
  temporary: Scope,
): Float32Array {
  const size = steps * batch * width;
  if (packing.isIdentity) return engine.floats(from, size);
  const to = temporary.allocate(size);
  const { functions, base } = engine;
  functions.unpack_sequence(base, from, to, order, counts, steps, batch, width, Number(attrs.batchFirst));
  return engine.floats(to, size);
}

/** The fields of a direction that forward and backward have in common. */
export function commonFields(
  plan: Plan,
  packing: Packing,
  layout: Layout,
  packed: PackedWeights,
  k: number,
): DirectionFields {
  const fields = noFields();
  const { cell, steps, batch, hiddenSize, projSize, outSize, directions } = plan;
  const layer = Math.floor(k / directions);
  const direction = k % directions;
  const { order, counts, sequences, initial, reserves } = layout;
  fields.cell = CELL_CODES[cell];
  fields.steps = steps;
  fields.batch = batch;
  fields.rows = packing.rows;
  fields.input_size = packed.inputSize;
  fields.hidden_size = hiddenSize;
  fields.proj_size = projSize;
  fields.reverse = direction;
  fields.counts = counts;
  fields.order = order;
  fields.x = sequences[layer] as number;
  fields.x_stride = packed.inputSize;
  fields.y = (sequences[layer + 1] as number) + direction * outSize;
  fields.y_stride = directions * outSize;
  fields.h0 = initial[0]?.[k] ?? 0;
  fields.c0 = initial[1]?.[k] ?? 0;
  fields.weight_ih = packed.weight_ih;
  fields.weight_hh = packed.weight_hh;
  fields.weight_hr = packed.weight_hr;
  fields.bias_ih = packed.bias_ih;
  fields.bias_hh = packed.bias_hh;
  fields.reserve = reserves[k] as number;
  return fields;
}

/** All layers and directions. @returns where each final state `[L*D, B, S]` lies. */
function runDirections(
  engine: Engine,
  plan: Plan,
  packing: Packing,
  layout: Layout,
  weights: readonly PackedWeights[],
  temporary: Scope,
): number[] {
  const { functions, base } = engine;
  const { cell, batch, hiddenSize, projSize, stateSizes } = plan;
  const code = CELL_CODES[cell];
  const chunk = Math.min(
    Math.max(batch, Math.floor(CHUNK_FLOATS / (GATES[cell] * padded(hiddenSize)))),
    Math.max(batch, packing.rows),
  );
  const scratch = temporary.allocate(functions.forward_scratch(code, batch, hiddenSize, projSize, chunk));
  const finals = stateSizes.map((size) => temporary.allocate(weights.length * batch * size));
  const at = temporary.allocate(DIRECTION_SIZE);
  for (const [k, packed] of weights.entries()) {
    const fields = commonFields(plan, packing, layout, packed, k);
    fields.hn = (finals[0] as number) + k * batch * (stateSizes[0] as number);
    fields.cn = finals[1] === undefined ? 0 : finals[1] + k * batch * hiddenSize;
    fields.scratch = scratch;
    fields.chunk_rows = chunk;
    writeDirection(engine, at, fields);
    functions.forward(base, at);
  }
  return finals;
}

function collect(
  engine: Engine,
  backend: KernelBackend,
  plan: Plan,
  packing: Packing,
  layout: Layout,
  finals: readonly number[],
  temporary: Scope,
): TensorInfo[] {
  const { steps, batch, directions, outSize, layers, stateSizes, attrs } = plan;
  const width = directions * outSize;
  const values = copyOut(engine, plan, packing, layout, layout.sequences[layers] as number, width, temporary);
  const shape = attrs.batchFirst ? [batch, steps, width] : [steps, batch, width];
  const output = makeTensor(backend, values, shape);
  const count = layers * directions;
  const states = stateSizes.map((size, s) =>
    makeTensor(backend, engine.floats(finals[s] as number, count * batch * size), [count, batch, size]),
  );
  return [output, ...states];
}
