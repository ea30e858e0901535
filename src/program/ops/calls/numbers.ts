/** Arithmetic on sizes: nodes that take and return numbers. Division and remainder are Python's. */

export type NumberFunction = (...args: number[]) => number | boolean;

const floorDiv = (a: number, b: number) => Math.floor(a / b);
const round = (a: number) => {
  const rounded = Math.round(a);
  // Half to even.
  return Math.abs(a % 1) === 0.5 && rounded % 2 !== 0 ? rounded - 1 : rounded;
};

export const NUMBERS: ReadonlyMap<string, NumberFunction> = new Map<string, NumberFunction>([
  ['_operator.add', (a, b) => (a as number) + (b as number)],
  ['_operator.sub', (a, b) => (a as number) - (b as number)],
  ['_operator.mul', (a, b) => (a as number) * (b as number)],
  ['_operator.truediv', (a, b) => (a as number) / (b as number)],
  ['_operator.floordiv', (a, b) => floorDiv(a as number, b as number)],
  ['_operator.mod', (a, b) => (a as number) - floorDiv(a as number, b as number) * (b as number)],
  ['_operator.pow', (a, b) => (a as number) ** (b as number)],
  ['_operator.neg', (a) => -(a as number)],
  ['_operator.pos', (a) => a as number],
  ['_operator.lt', (a, b) => (a as number) < (b as number)],
  ['_operator.le', (a, b) => (a as number) <= (b as number)],
  ['_operator.gt', (a, b) => (a as number) > (b as number)],
  ['_operator.ge', (a, b) => (a as number) >= (b as number)],
  ['_operator.eq', (a, b) => a === b],
  ['_operator.ne', (a, b) => a !== b],
  ['_operator.and_', (a, b) => Boolean(a) && Boolean(b)],
  ['_operator.or_', (a, b) => Boolean(a) || Boolean(b)],
  ['math.ceil', (a) => Math.ceil(a as number)],
  ['math.floor', (a) => Math.floor(a as number)],
  ['math.trunc', (a) => Math.trunc(a as number)],
  ['builtins.round', (a) => round(a as number)],
  ['torch.sym_float', (a) => a as number],
  ['torch.sym_int', (a) => Math.trunc(a as number)],
  ['torch.sym_max', (a, b) => Math.max(a as number, b as number)],
  ['torch.sym_min', (a, b) => Math.min(a as number, b as number)],
  ['torch.sym_not', (a) => !a],
  ['torch.sym_ite', (condition, a, b) => (condition ? a : b) as number],
  ['torch._sym_sqrt', (a) => Math.sqrt(a as number)],
]);
