/**
 * Integers of int64 that int32, which stands for it here, does not hold: numbers are refused, and so are results, wherever their values are on
 * the host.
 *
 * Arithmetic of int32 wraps, so that a wrong result is off by 2^32 at least: the same op in float32, which rounds by far less, tells it.
 * It runs only where the extremes of the operands leave it open.
 */

import { greater, less, logicalOr, maximum, mul, pow, Tensor, tidy, where } from '@tensorflow/tfjs-core';
import { message } from '../../../check.js';
import { UnsupportedError } from '../../../errors.js';
import { keeping } from '../../../nn/in-turn.js';
import { offTape } from '../../../nn/off-tape.js';
import { isOnHost } from '../../../tfjs-internals/backends.js';
import { as, type Operand } from '../shared/dtypes.js';
import type { Call, OpFunction, Value } from '../types.js';
import type { Parameter, Signature } from './schema.js';

const INT32_MIN = -(2 ** 31);
const INT32_MAX = 2 ** 31 - 1;
/** The extremes of int64 as float64 has them. */
const INT64_EXTREME = 2 ** 63;

const RULE = 'int64 values that int32 holds';
const REMEDY =
  'tfjs has no int64: compute it in JavaScript and pass it as an input, or, before a remainder by m, take the factors and summands by m too';

const FILL_REMEDY =
  'The program fills a tensor with torch.iinfo(torch.int64).max or min: fill it with a number that int32 holds';

/** What is known of an argument: the largest magnitude in it, and how many elements it has. Of a list, those of all products. */
interface Extent {
  readonly most: number;
  readonly size: number;
}

/** A magnitude that no result of an op exceeds, from its arguments in the order of the signature. */
type Bound = (...extents: Extent[]) => number;

const product: Bound = (a, b) => a.most * b.most;
const sumOfAll: Bound = (a) => a.most * a.size;
const scaledSum: Bound = (a, b, alpha) => (a.most + b.most) * Math.max(1, alpha?.most ?? 1);
const ofSelf: Bound = (a) => a.most;
const contraction: Bound = (a, b) => a.most * b.most * Math.max(a.size, b.size);
const addedContraction: Bound = (self, a, b, beta, alpha) =>
  self.most * beta.most + alpha.most * contraction(a, b);
const addedSums: Bound = (self, _dim, _index, src, alpha) =>
  self.most + src.most * src.size * Math.max(1, alpha?.most ?? 1);
const unknown: Bound = () => Number.POSITIVE_INFINITY;

/** Arithmetic that can leave int32, by the op's name; where overloads differ, by theirs. */
const BOUNDS: Readonly<Record<string, Bound>> = {
  ...sharing(scaledSum, 'add', 'sub', 'subtract', 'rsub'),
  ...sharing(product, 'mul', 'multiply', 'kron', 'outer', 'ger'),
  ...sharing(ofSelf, 'neg', 'negative', 'abs', 'absolute', 'div', 'divide', 'floor_divide'),
  ...sharing(sumOfAll, 'sum', 'nansum', 'cumsum', 'trace', 'sum_to_size'),
  ...sharing((a) => Math.max(1, a.most) ** a.size, 'prod', 'cumprod'),
  ...sharing((a, b) => Math.max(1, a.most) ** b.most, 'pow'),
  ...sharing((a, b) => a.most * 2 ** Math.min(b.most, 63), '__lshift__', 'bitwise_left_shift'),
  ...sharing(contraction, 'matmul', 'linalg_matmul', 'mm', 'bmm', 'mv', 'dot', 'vdot', 'inner', 'tensordot'),
  ...sharing(contraction, 'linalg_vecdot'),
  ...sharing(addedContraction, 'addmm', 'baddbmm', 'addmv', 'addbmm', 'addr'),
  ...sharing((a) => a.most * a.size, 'linalg_multi_dot', 'chain_matmul'),
  ...sharing(addedSums, 'scatter_add', 'index_add'),
  ...sharing(unknown, 'scatter_reduce', 'index_reduce', 'scatter.reduce', 'scatter.value_reduce'),
  ...sharing((a, b) => 2 * a.most * b.most, 'cross', 'linalg_cross'),
  square: (a) => a.most ** 2,
  addcmul: (self, a, b, value) => self.most + a.most * b.most * value.most,
  diff: (self, n, _dim, before, after) => Math.max(self.most, before.most, after.most) * 2 ** n.most,
  linear: (x, weight, bias) => contraction(x, weight) + bias.most,
  einsum: (_equation, tensors) => tensors.most * tensors.size,
  index_put: (self, _indices, values) => self.most + values.most * values.size,
};

function sharing(bound: Bound, ...names: readonly string[]): Record<string, Bound> {
  return Object.fromEntries(names.map((name) => [name, bound]));
}

/** Ops that give another tensor the result's dtype. */
const CASTS: ReadonlySet<string> = new Set(['to', '_to_copy', 'type_as', 'copy']);
/** Their numbers are no elements of the result, or each element of the result is looked at. */
const RANGES: ReadonlySet<string> = new Set(['arange', 'linspace']);
/** These stay within int32, but are other numbers for its extremes than for those of int64. */
const REDUCED: ReadonlySet<string> = new Set([
  ...['remainder', 'fmod', '__rshift__', 'bitwise_right_shift', 'true_divide', 'mean'],
]);
const SHIFTS = /lshift|left_shift/;
const MASKS = /^(bitwise_and|__and__)$/;
const FILLS =
  /^(full|full_like|new_full|scalar_tensor|fill|masked_fill|where|index_fill|index_put|constant_pad_nd|scatter|clamp\w*|clip)$/;

/** Ops of libraries have rules of their own. */
const isOfTorch = ({ target }: Signature) => target.startsWith('aten.');
const nameOf = ({ target }: Signature) => target.split('.')[1] as string;

function boundOf(signature: Signature): Bound | undefined {
  const overload = signature.target.slice('aten.'.length);
  return BOUNDS[overload] ?? BOUNDS[nameOf(signature)];
}

/** Whether an op gives a tensor another dtype. */
export function isCast(signature: Signature): boolean {
  return CASTS.has(nameOf(signature));
}

/** Whether an op computes integers that may lie beyond those that it gets: arithmetic and casts. */
export function canLeaveInt32(signature: Signature): boolean {
  return isOfTorch(signature) && (boundOf(signature) !== undefined || isCast(signature));
}

/** What opens the messages about a call. */
interface Place {
  readonly where: string;
  readonly what: string;
}

/**
 * The function of an op whose result is int64.
 *
 * @param constants the arguments that are known before the program runs.
 * @returns a function that throws RangeError where int32 does not hold a result, as far as the values are on the host.
 * @throws UnsupportedError for a constant that int32 does not hold.
 */
export function inInt64(
  signature: Signature,
  run: OpFunction,
  place: Place,
  constants: readonly Value[],
): OpFunction {
  if (!isOfTorch(signature)) return run;
  refuseNumbers(signature, constants, place);
  const compute = run as (...all: unknown[]) => Value;
  const bound = boundOf(signature);
  return (...all: unknown[]) => {
    const [args, call] = [all.slice(0, -1) as Value[], all.at(-1) as Call];
    refuseNumbers(signature, args, place);
    if (isCast(signature)) return compute(...castable(args, place), call);
    if (bound === undefined || !tensorsIn(args).every(isOnHost)) return compute(...all);
    const extents = args.map(extentOf);
    if (bound(...extents) <= INT32_MAX) return compute(...all);
    const inFloats = () =>
      SHIFTS.test(signature.target)
        ? shiftLeft(args as Operand[])
        : floatsOf(compute, signature.parameters, args, call);
    const floats = keeping(tensorsIn(args), () => tidy(() => offTape(inFloats)));
    const result = compute(...all) as Tensor;
    compare(result, floats, place, extents);
    floats.dispose();
    return result;
  };
}

/** Whether a call fills a tensor with an extreme of int64, for which that of int32 stands from there on. */
export function fillsWithExtreme(signature: Signature, constants: readonly Value[]): boolean {
  const isExtreme = (value: Value) => typeof value === 'number' && Math.abs(value) >= INT64_EXTREME;
  return signature.parameters.some((parameter, i) => isElement(parameter) && isExtreme(constants[i] ?? null));
}

/**
 * The function of an op on int64 in a program that fills tensors with the extremes of int64. To choose among numbers and to compare them is
 * right with those of int32, to compute with them is not.
 *
 * @returns a function that throws RangeError for them, as far as the values are on the host.
 */
export function withoutExtremes(signature: Signature, run: OpFunction, place: Place): OpFunction {
  if (!canLeaveInt32(signature) && !REDUCED.has(nameOf(signature))) return run;
  const compute = run as (...all: unknown[]) => Value;
  return (...all: unknown[]) => {
    const { dtype } = all.at(-1) as Call;
    const isKept = isCast(signature) && (dtype === 'I64' || dtype === 'BOOL');
    for (const x of isKept ? [] : tensorsIn(all.slice(0, -1) as Value[])) {
      if (x.dtype !== 'int32' || !isOnHost(x)) continue;
      const extreme = extremesOf(x).find((value) => value === INT32_MIN || value === INT32_MAX);
      if (extreme === undefined) continue;
      const got = `${extreme}, which stands for int64's ${extreme < 0 ? 'least' : 'greatest'}`;
      throw new RangeError(message(place.where, place.what, RULE, got, FILL_REMEDY));
    }
    return compute(...all);
  };
}

/**
 * Refuses numbers that stand for elements of int64, but int32 does not hold. The extremes of int64 become those of int32 where they fill a
 * tensor: they are as extreme there.
 */
function refuseNumbers(signature: Signature, args: readonly Value[], { where, what }: Place): void {
  const name = nameOf(signature);
  if (RANGES.has(name)) return;
  for (const [i, parameter] of signature.parameters.entries()) {
    const value = args[i];
    if (typeof value !== 'number' || !isElement(parameter) || isHeld(value)) continue;
    // A bound beyond int32 binds nothing in it.
    const isIdle = parameter.name === (value > 0 ? 'max' : 'min');
    if (FILLS.test(name) && (isIdle || Math.abs(value) >= INT64_EXTREME)) continue;
    // Its lowest bits count alone, as long as it is exact.
    if (MASKS.test(name) && value > 0 && value <= Number.MAX_SAFE_INTEGER) continue;
    throw new UnsupportedError(message(where, `${what} ${parameter.name}`, RULE, String(value), REMEDY));
  }
}

/** Whether a number for a parameter becomes elements, or bounds them; others are sizes and indices. */
function isElement({ type, name }: Parameter): boolean {
  return /^(Tensor|Scalar|float)$/.test(type) || name === 'low' || name === 'high';
}

function isHeld(value: number): boolean {
  return Number.isNaN(value) || (value >= INT32_MIN && value <= INT32_MAX);
}

/** @throws RangeError for a number that an element of int64 is to have. */
export function checkElement(value: number, call: Call): void {
  if (call.dtype !== 'I64' || isHeld(value)) return;
  throw new RangeError(message(call.where, 'an element', RULE, String(value), REMEDY));
}

function tensorsIn(args: readonly Value[]): Tensor[] {
  return (args.flat() as Value[]).filter((value) => value instanceof Tensor) as Tensor[];
}

function extentOf(value: Value): Extent {
  if (value instanceof Tensor) {
    const [least, most] = extremesOf(value);
    return { most: Math.max(-least, most), size: value.size };
  }
  if (!Array.isArray(value)) return { most: Math.abs(Number(value)) || 0, size: 1 };
  const extents = tensorsIn(value).map(extentOf);
  return extents.reduce((all, { most, size }) => ({ most: all.most * most, size: all.size * size }), {
    most: 1,
    size: 1,
  });
}

function extremesOf(x: Tensor, values = x.dataSync()): [least: number, most: number] {
  if (x.dtype === 'bool') return [0, 1];
  let [least, most] = [0, 0];
  // V8 takes four times as long to iterate the values themselves.
  for (let i = 0; i < values.length; i++) {
    const value = values[i] as number;
    if (value < least) least = value;
    else if (value > most) most = value;
  }
  return [least, most];
}

/**
 * Floats that are cut; what torch makes of NaN and plus infinity depends on the processor. Minus infinity, such as the logarithm of 0, becomes
 * the least of int64, for which that of int32 stands: models choose other values in its place.
 */
function castable(args: readonly Value[], place: Place): Value[] {
  return args.map((x) => {
    if (!(x instanceof Tensor) || x.dtype !== 'float32' || !isOnHost(x)) return x;
    const isInfinite = extremesOf(x)[0] === Number.NEGATIVE_INFINITY;
    const finite = isInfinite
      ? x.dataSync().filter((value) => value !== Number.NEGATIVE_INFINITY)
      : undefined;
    const found = extremesOf(x, finite).find((value) => !isHeld(Math.trunc(value)));
    if (found !== undefined)
      throw new RangeError(message(place.where, place.what, RULE, String(found), REMEDY));
    return isInfinite ? offTape(() => maximum(x, INT32_MIN)) : x;
  });
}

/** The same op in float32. Indices and masks stay. */
function floatsOf(
  compute: (...all: unknown[]) => Value,
  parameters: readonly Parameter[],
  args: readonly Value[],
  call: Call,
): Tensor {
  const inFloat = (value: Value): Value => {
    if (Array.isArray(value)) return (value as readonly Value[]).map(inFloat);
    return value instanceof Tensor ? as(value, 'float32') : value;
  };
  const isIndex = ({ name }: Parameter) => /^(index|indices|mask)$/.test(name);
  const floats = args.map((arg, i) => (isIndex(parameters[i] as Parameter) ? arg : inFloat(arg)));
  const argumentDtypes = call.argumentDtypes.map((dtype) => dtype && ('F32' as const));
  return compute(...floats, { ...call, dtype: 'F32', dtypes: ['F32'], argumentDtypes }) as Tensor;
}

/** int64 has 64 bits to move out, and moves out all for negative counts. */
function shiftLeft([a, n]: readonly Operand[]): Tensor {
  const [x, count] = [as(a as Operand, 'float32'), as(n as Operand, 'float32')];
  const isAll = logicalOr(less(count, 0), greater(count, 63));
  return mul(x, where(isAll, as(0, 'float32'), pow(as(2, 'float32'), count)));
}

/** @throws RangeError where a result is no rounding away from what floats make of it. */
function compare(result: Tensor, floats: Tensor, { where, what }: Place, extents: readonly Extent[]): void {
  if (!isOnHost(result)) return;
  const [found, exact] = [result.dataSync(), floats.dataSync()];
  const isWrong = (value: number, i: number) =>
    Math.abs(value - (found[i] as number)) >= 2 ** 31 || Math.abs(value) >= ROUNDED * 2 ** 31;
  const at = exact.findIndex(isWrong);
  if (at < 0) return;
  const operands = extents.filter(({ size, most }) => size > 1 || most > 1).map(({ most }) => most);
  const value = exact[at] as number;
  const about = Number.isFinite(value) ? `about ${Number(value.toPrecision(4))}` : 'more than 3e38';
  const got = `${about} from values up to ${operands.join(' and ')}`;
  throw new RangeError(message(where, what, RULE, got, REMEDY));
}

/** Whatever the floats have rounded, this much beyond int32 is out of it. */
const ROUNDED = 1.01;
