/**
 * What a layer may have been, or its arrays, where the numbers do not fit: each way is tried in plain loops. Where a trial costs more
 * than MAX_COST, more steps or rows are left out, and a layer that needs more is not tried.
 */

import { showFirst } from '../../../check.js';
import type { TorchTensor } from '../../../state-dict/tensors/tensor.js';
import { CLOSE, type Diagnosis, MAX_COST } from '../diagnosis.js';
import { type GateOrder, gatesOf, otherOrders } from '../gate-orders.js';
import type { Numbers } from '../rounding.js';
import { costOfStep, type PlainCell, type PlainWeights, runPlain, type Vectors } from './plain.js';
import type { LayerCall } from './run-layer.js';
import { type Row, type Trial, trialOf } from './trial.js';

interface Variant {
  /** "the numbers fit ..." */
  readonly fits: string | ((changed: Trial) => string);
  /** What was tried. */
  readonly phrase: string;
  /** Undefined where there is nothing to change. */
  change(trial: Trial): Trial | undefined;
}

/** Steps that are compared, so that rounding has not grown; a reverse direction needs them all. */
const STEPS = 16;

/** Rows that are compared. */
const ROWS = 4;

/**
 * Tries the layer as it was asked for, then each variant of the layer, and all of them again in the other layout.
 */
export function diagnose(call: LayerCall, numbers: Numbers, expected: TorchTensor): Diagnosis {
  const asked = trialOf(call, numbers, expected);
  if (asked && fits(asked)) return { isClose: true, fitting: [], tried: [] };
  const [fitting, tried]: [string[], string[]] = [[], []];
  const attempt = (trial: Trial, text: string, phrase?: string) => {
    if (phrase !== undefined) tried.push(phrase);
    if (fits(trial)) fitting.push(`The numbers fit ${text}.`);
  };
  const variants = variantsOf(call);
  const attemptAll = (from: Trial, textOf: (text: string) => string, areNamed: boolean) => {
    for (const { change, fits: text, phrase } of variants) {
      const changed = change(from);
      if (changed)
        attempt(
          changed,
          textOf(typeof text === 'string' ? text : text(changed)),
          areNamed ? phrase : undefined,
        );
    }
  };
  if (asked) attemptAll(asked, (text) => text, true);
  if (call.module.kind === 'cell' || expected.shape.length < 3) return { isClose: false, fitting, tried };
  const other = trialOf({ ...call, batchFirst: !call.batchFirst }, numbers, expected);
  const layout = call.batchFirst
    ? 'with the arrays read as [T, B, ...]: leave out --batch-first'
    : 'with the arrays read as [B, T, ...]: pass --batch-first';
  if (other) attempt(other, layout, 'the other layout');
  if (other && fitting.length === 0) attemptAll(other, (text) => `${layout}; and ${text}`, false);
  return { isClose: false, fitting, tried };
}

/** Whether the plain loops give PyTorch's numbers, on as many rows and steps as cost little. */
function fits({ stack, rows }: Trial): boolean {
  const steps = rows[0]?.x.length ?? 0;
  const isOneWay = stack.layers[0]?.length === 1;
  // Padding shows at the ends of the shortest rows.
  const byLength = [...rows].sort((a, b) => unpaddedSteps(a) - unpaddedSteps(b));
  const isPadded = byLength[0] !== undefined && unpaddedSteps(byLength[0]) < steps;
  const most = Math.max(1, Math.floor(MAX_COST / costOfStep(stack)));
  const taken = isOneWay ? Math.min(steps, isPadded ? steps : STEPS, most) : steps;
  const affordable = Math.floor(most / taken);
  if (affordable === 0) return false;
  let [largest, error] = [0, 0];
  for (const row of byLength.slice(0, Math.min(ROWS, affordable))) {
    const { x, y, length, h0, c0 } = row;
    const unpadded = Math.min(length, unpaddedSteps(row));
    const output = runPlain(stack, x.slice(0, Math.min(length, taken)), h0, c0);
    for (const [t, expected] of y.slice(0, taken).entries()) {
      const vector = output[t] ?? new Float64Array(expected.length);
      if (vector.length !== expected.length) return false;
      if (isOneWay && t >= STEPS && t < unpadded) continue;
      for (const [k, value] of vector.entries()) {
        largest = Math.max(largest, Math.abs(expected[k]));
        error = Math.max(error, Math.abs(value - expected[k]));
      }
    }
  }
  return error <= CLOSE * largest;
}

/** The steps of PyTorch's output before the zeros at its end, with which pad_packed_sequence pads. */
function unpaddedSteps({ y }: Row): number {
  let steps = y.length;
  while (steps > 0 && y[steps - 1]?.every((value) => value === 0)) steps--;
  return steps;
}

function variantsOf({ module, nonlinearity }: LayerCall): Variant[] {
  const gates = gatesOf(module.torchName);
  const names = 'bidirectional' in module.args && module.args.bidirectional;
  return [
    ...otherOrders(gates).map(gateOrder),
    ...(gates === 'rzn'
      ? [
          cellVariant(
            'GRU_RESET_FIRST',
            'with the reset gate before the product with W_hn, as Keras computes with reset_after=False',
            'the reset gate before the product',
          ),
        ]
      : []),
    ...(gates === ''
      ? [
          nonlinearity === 'tanh'
            ? cellVariant('RNN_RELU', 'with --nonlinearity relu', 'relu')
            : cellVariant('RNN_TANH', 'with --nonlinearity tanh', 'tanh'),
        ]
      : []),
    REVERSED,
    ...(names ? [SWAPPED] : []),
    ...BIASES,
    NO_STATE,
    LENGTHS,
    NO_LENGTHS,
  ];
}

function cellVariant(cell: PlainCell, text: string, phrase: string): Variant {
  return { fits: text, phrase, change: (trial) => ({ ...trial, stack: { ...trial.stack, cell } }) };
}

function gateOrder({ text, toTorch }: GateOrder): Variant {
  return {
    fits: `with the rows of the weights ${text}`,
    phrase: 'other orders of the gates',
    change: (trial) =>
      withWeights(trial, ({ ih, hh, biasIh, biasHh, hr }) => ({
        ih: toTorch(ih),
        hh: toTorch(hh),
        biasIh: toTorch(biasIh),
        biasHh: toTorch(biasHh),
        hr,
      })),
  };
}

const REVERSED: Variant = {
  fits: 'with the steps in reverse order',
  phrase: 'the steps reversed',
  change: (trial) => {
    const reversed = (vectors: Vectors, length: number) => [
      ...vectors.slice(0, length).reverse(),
      ...vectors.slice(length),
    ];
    if ((trial.rows[0]?.x.length ?? 0) < 2) return undefined;
    return {
      ...trial,
      rows: trial.rows.map((row) => ({
        ...row,
        x: reversed(row.x, row.length),
        y: reversed(row.y, row.length),
      })),
    };
  },
};

const SWAPPED: Variant = {
  fits: 'with the weights of the two directions exchanged',
  phrase: 'the directions exchanged',
  change: ({ stack, rows }) => ({
    stack: { ...stack, layers: stack.layers.map((directions) => [...directions].reverse()) },
    rows,
  }),
};

const BIASES: readonly Variant[] = [
  biasVariant('without biases', (weights) => ({
    biasIh: zeros(weights.biasIh),
    biasHh: zeros(weights.biasHh),
  })),
  biasVariant('without bias_ih', (weights) => ({ biasIh: zeros(weights.biasIh) })),
  biasVariant('without bias_hh', (weights) => ({ biasHh: zeros(weights.biasHh) })),
];

function biasVariant(text: string, change: (weights: PlainWeights) => Partial<PlainWeights>): Variant {
  return {
    fits: text,
    phrase: 'missing biases',
    change: (trial) => withWeights(trial, (weights) => ({ ...weights, ...change(weights) })),
  };
}

const NO_STATE: Variant = {
  fits: 'from an initial state of zeros: leave out --h0 and --c0',
  phrase: 'an initial state of zeros',
  change: ({ stack, rows }) =>
    rows.some(({ h0, c0 }) => h0 || c0)
      ? { stack, rows: rows.map(({ x, y, length }): Row => ({ x, y, length })) }
      : undefined,
};

const LENGTHS: Variant = {
  fits: ({ rows }) =>
    `with the lengths [${showFirst(rows, ({ length }) => `${length}`)}], behind which --expected is zeros, as where PyTorch packs: ` +
    'pass them in a file with --lengths',
  phrase: 'lengths where the rows of --expected end in zeros',
  change: ({ stack, rows }) => {
    const lengths = rows.map(unpaddedSteps);
    const areThose = (known: readonly number[]) => `${lengths}` === `${known}`;
    if (lengths.includes(0) || areThose(rows.map((row) => row.length))) return undefined;
    if (areThose(rows.map(({ x }) => x.length))) return undefined;
    return { stack, rows: rows.map((row, b) => ({ ...row, length: lengths[b] as number })) };
  },
};

const NO_LENGTHS: Variant = {
  fits: 'with all steps of each row: leave out --lengths',
  phrase: 'no lengths',
  change: ({ stack, rows }) =>
    rows.some(({ x, length }) => length < x.length)
      ? { stack, rows: rows.map((row) => ({ ...row, length: row.x.length })) }
      : undefined,
};

function withWeights({ stack, rows }: Trial, change: (weights: PlainWeights) => PlainWeights): Trial {
  return { stack: { ...stack, layers: stack.layers.map((directions) => directions.map(change)) }, rows };
}

function zeros(values: Float64Array): Float64Array {
  return new Float64Array(values.length);
}
