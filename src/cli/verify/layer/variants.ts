/** What a layer may have been, or its arrays, where the numbers do not fit: each way is tried in plain loops. */

import type { TorchTensor } from '../../../state-dict/tensors/tensor.js';
import type { Numbers } from '../rounding.js';
import { costOfStep, type PlainCell, type PlainWeights, runPlain, type Vectors } from './plain.js';
import type { LayerCall } from './run-layer.js';
import { type Row, type Trial, trialOf } from './trial.js';

/** What was tried, and what of it fits. */
export interface Diagnosis {
  /** Whether the layer as it was asked for gives these numbers but for a small part of them. */
  readonly isClose: boolean;
  /** A sentence each. */
  readonly fitting: readonly string[];
  /** A phrase each. */
  readonly tried: readonly string[];
}

interface Variant {
  /** "the numbers fit ..." */
  readonly fits: string;
  /** What was tried. */
  readonly phrase: string;
  /** Undefined where there is nothing to change. */
  change(trial: Trial): Trial | undefined;
}

/** Steps that are compared, so that rounding has not grown; a reverse direction needs them all. */
const STEPS = 16;

/** Rows that are compared. */
const ROWS = 4;

/** Multiplications of one trial: about a second. More steps or rows are left out, and a layer that needs more is not tried. */
const MAX_COST = 5e8;

/** The largest error of what fits, as a part of the largest number. A wrong variant is off by a tenth and more. */
const CLOSE = 1e-3;

/**
 * Tries the layer as it was asked for, then each variant of the layer, and all of them again in the other layout.
 */
export function diagnose(call: LayerCall, numbers: Numbers, expected: TorchTensor): Diagnosis {
  const asked = trialOf(call, numbers, expected);
  if (asked && fits(asked)) return { isClose: true, fitting: [], tried: [] };
  const [fitting, tried]: [string[], string[]] = [[], []];
  const attempt = (trial: Trial | undefined, sentence: string, phrase?: string) => {
    if (trial === undefined) return;
    if (phrase !== undefined) tried.push(phrase);
    if (fits(trial)) fitting.push(sentence);
  };
  const variants = variantsOf(call);
  if (asked)
    for (const { change, fits: text, phrase } of variants)
      attempt(change(asked), `The numbers fit ${text}.`, phrase);
  if (call.module.kind === 'cell' || expected.shape.length < 3) return { isClose: false, fitting, tried };
  const other = trialOf({ ...call, batchFirst: !call.batchFirst }, numbers, expected);
  const layout = call.batchFirst
    ? 'with the arrays read as [T, B, ...]: leave out --batch-first'
    : 'with the arrays read as [B, T, ...]: pass --batch-first';
  attempt(other, `The numbers fit ${layout}.`, 'the other layout');
  if (other && fitting.length === 0)
    for (const { change, fits: text } of variants)
      attempt(change(other), `The numbers fit ${layout}; and ${text}.`);
  return { isClose: false, fitting, tried };
}

/** Whether the plain loops give PyTorch's numbers, on as many rows and steps as cost little. */
function fits({ stack, rows }: Trial): boolean {
  const steps = rows[0]?.x.length ?? 0;
  const isOneWay = stack.layers[0]?.length === 1;
  const most = Math.max(1, Math.floor(MAX_COST / costOfStep(stack)));
  const taken = isOneWay ? Math.min(steps, STEPS, most) : steps;
  const affordable = Math.floor(most / taken);
  if (affordable === 0) return false;
  const chosen = rows.slice(0, Math.min(ROWS, affordable));
  let [largest, error] = [0, 0];
  for (const { x, y, h0, c0 } of chosen) {
    const output = runPlain(stack, x.slice(0, taken), h0, c0);
    for (const [t, vector] of output.entries()) {
      if (vector.length !== y[t]?.length) return false;
      for (const [k, value] of vector.entries()) {
        const expected = y[t]?.[k] as number;
        largest = Math.max(largest, Math.abs(expected));
        error = Math.max(error, Math.abs(value - expected));
      }
    }
  }
  return error <= CLOSE * largest;
}

function variantsOf({ module, nonlinearity }: LayerCall): Variant[] {
  const gates = module.torchName.startsWith('GRU')
    ? 'rzn'
    : module.torchName.startsWith('LSTM')
      ? 'ifgo'
      : '';
  const names = 'bidirectional' in module.args && module.args.bidirectional;
  return [
    ...orders(gates).map((order) => gateOrder(gates, order)),
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
  ];
}

function cellVariant(cell: PlainCell, text: string, phrase: string): Variant {
  return { fits: text, phrase, change: (trial) => ({ ...trial, stack: { ...trial.stack, cell } }) };
}

/** All orders of some letters but the first, which is their own; none of none. */
function orders(letters: string): string[] {
  const all = (rest: string): string[] =>
    rest.length < 2
      ? [rest]
      : [...rest].flatMap((letter) => all(rest.replace(letter, '')).map((order) => letter + order));
  return all(letters).slice(1);
}

/** The file's rows lie in `order`, where torch has them in `own`. */
function gateOrder(own: string, order: string): Variant {
  const blocks = [...own].map((gate) => order.indexOf(gate));
  const show = (gates: string) => [...gates].join('|');
  const permute = (values: Float64Array): Float64Array => {
    const size = values.length / own.length;
    const moved = new Float64Array(values.length);
    for (const [to, from] of blocks.entries())
      moved.set(values.subarray(from * size, (from + 1) * size), to * size);
    return moved;
  };
  return {
    fits: `with the rows of the weights in the order ${show(order)}, where torch has ${show(own)}`,
    phrase: 'other orders of the gates',
    change: (trial) =>
      withWeights(trial, ({ ih, hh, biasIh, biasHh, hr }) => ({
        ih: permute(ih),
        hh: permute(hh),
        biasIh: permute(biasIh),
        biasHh: permute(biasHh),
        hr,
      })),
  };
}

const REVERSED: Variant = {
  fits: 'with the steps in reverse order',
  phrase: 'the steps reversed',
  change: (trial) => {
    const reversed = (vectors: Vectors) => [...vectors].reverse();
    if ((trial.rows[0]?.x.length ?? 0) < 2) return undefined;
    return { ...trial, rows: trial.rows.map((row) => ({ ...row, x: reversed(row.x), y: reversed(row.y) })) };
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
      ? { stack, rows: rows.map(({ x, y }): Row => ({ x, y })) }
      : undefined,
};

function withWeights({ stack, rows }: Trial, change: (weights: PlainWeights) => PlainWeights): Trial {
  return { stack: { ...stack, layers: stack.layers.map((directions) => directions.map(change)) }, rows };
}

function zeros(values: Float64Array): Float64Array {
  return new Float64Array(values.length);
}
