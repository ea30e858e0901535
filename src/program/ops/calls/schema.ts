/** Signatures of ops as torch writes them, and the arguments of a call put in their order. */

import type { Argument, Constant, NamedArgument } from '../../graph/types.js';

/** `Tensor self`, `int[2] stride=1`, `Tensor? bias=None`. */
export interface Parameter {
  readonly name: string;
  /** Without its length and question mark: `Tensor`, `int[]`, `SymInt`. */
  readonly type: string;
  readonly isOptional: boolean;
  /** Of `int[2]`, which takes one number for both. */
  readonly length: number | undefined;
  /** Undefined where a call must give the argument. */
  readonly defaultValue: Argument | undefined;
}

export interface Signature {
  /** `aten.add.Tensor` */
  readonly target: string;
  readonly parameters: readonly Parameter[];
  /** The types of the results: `Tensor`, `Tensor[]`, `SymInt`. */
  readonly returns: readonly string[];
  /** Whether a result may be a view of an argument. */
  readonly isView: boolean;
}

const SIGNATURE = /^(\w+)::(\w+)(?:\.(\w+))?\((.*)\) -> (.+)$/;
const PARAMETER = /^(\w+)(?:\([^)]*\))?(\[\d*\])?(\?)?(\[\])? (\w+)(?:=(.*))?$/;

/** Types of parameters, as torch's parser of schemas knows them. */
const TYPES = new Set(
  'Tensor Scalar int float bool str complex SymInt SymFloat SymBool ScalarType Device Layout MemoryFormat Generator Dimname Storage Stream'.split(
    ' ',
  ),
);

/** Reads `aten::add.Tensor(Tensor self, Tensor other, *, Scalar alpha=1) -> Tensor`. */
export function parseSignature(text: string): Signature {
  const [, namespace, name, overload = 'default', parameters = '', returns = ''] = SIGNATURE.exec(text) ?? [];
  if (name === undefined) throw new Error(`signature ${text}`);
  return {
    target: `${namespace}.${name}.${overload}`,
    parameters: splitParameters(parameters).map(parseParameter),
    returns: parseReturns(returns),
    isView: /\([a-z]( -> \*)?\) /.test(parameters),
  };
}

/** At the commas outside of brackets; a `*` stands before the keyword arguments. */
function splitParameters(text: string): string[] {
  return text.split(/, (?![^[]*\])/).filter((parameter) => parameter !== '' && parameter !== '*');
}

/** `Tensor`, `Tensor(a!)`, `(Tensor values, Tensor indices)`, `()`. */
function parseReturns(text: string): string[] {
  const plain = text.replace(/\([a-z]!?( -> \*)?\)/g, '');
  const list = plain.startsWith('(') ? plain.slice(1, -1).split(', ') : [plain];
  return list.flatMap((each) => each.split(' ')[0] || []);
}

function parseParameter(text: string): Parameter {
  const [, base, list, mark, outerList, name, written] = PARAMETER.exec(text) ?? [];
  if (base === undefined || name === undefined) throw new Error(`parameter ${text}`);
  if (!TYPES.has(base)) throw new Error(`type ${base} of ${name}`);
  const length = /\d+/.exec(list ?? '')?.[0];
  // `Tensor?[]` is a list whose elements may be none.
  const isList = list !== undefined || outerList !== undefined;
  return {
    name,
    type: `${base}${outerList ? '?' : ''}${isList ? '[]' : ''}`,
    isOptional: mark !== undefined && outerList === undefined,
    length: length === undefined ? undefined : Number(length),
    defaultValue: written === undefined ? undefined : parseDefault(written, base),
  };
}

function parseDefault(text: string, type: string): Argument {
  if (text.startsWith('[')) {
    const items = text
      .slice(1, -1)
      .split(', ')
      .filter(Boolean)
      .map((item) => parseDefault(item, type));
    return { kind: 'list', items };
  }
  // torch's number of int64 in signatures, the only dtype that is a default there.
  if (type === 'ScalarType' && text === '4') return { kind: 'dtype', dtype: 'I64' };
  const words: Record<string, Constant> = { None: null, True: true, False: false, Mean: 1 };
  if (Object.hasOwn(words, text)) return { kind: 'constant', value: words[text] as Constant };
  if (/^(contiguous_format|strided)$/.test(text)) return { kind: 'ignored' };
  const value = Number(text);
  return { kind: 'constant', value: Number.isNaN(value) ? text.replace(/^['"]|['"]$/g, '') : value };
}

/** Whether an argument is what a parameter takes. */
function fits({ type, isOptional }: Parameter, argument: Argument): boolean {
  if (isNone(argument)) return isOptional;
  if (type.endsWith('[]')) {
    const item = { type: type.slice(0, -2).replace('?', ''), isOptional: type.includes('?') } as Parameter;
    return argument.kind === 'list' && argument.items.every((each) => fits(item, each));
  }
  switch (type) {
    // Numbers beside tensors are written as they are: `add.Tensor(x, 0.5)`.
    case 'Tensor':
      return argument.kind === 'tensor' || isNumber(argument);
    case 'Scalar':
    case 'int':
    case 'SymInt':
    case 'float':
      return isNumber(argument);
    case 'bool':
      return (
        argument.kind === 'number' || (argument.kind === 'constant' && typeof argument.value === 'boolean')
      );
    case 'str':
      return argument.kind === 'constant' && typeof argument.value === 'string';
    case 'ScalarType':
      return argument.kind === 'dtype';
    // Devices, layouts, memory formats, generators: no op looks at them.
    default:
      return true;
  }
}

/** Whether an argument is a number that is known, or one that depends on sizes. */
export function isNumber(argument: Argument): boolean {
  if (argument.kind === 'number') return true;
  return argument.kind === 'constant' && /number|boolean/.test(typeof argument.value);
}

/** Whether a call's outputs are what an op returns; none stands where nothing uses a result. */
export function fitsReturns({ returns }: Signature, outputs: readonly Argument[]): boolean {
  return (
    outputs.length === returns.length &&
    outputs.every((output, i) => isNone(output) || output.kind === kindOf(returns[i] as string))
  );
}

function kindOf(type: string): Argument['kind'] {
  if (type.endsWith('[]')) return 'list';
  return type.startsWith('Tensor') ? 'tensor' : 'number';
}

/** None: an argument that is left out, or a result that nothing uses. */
export function isNone(argument: Argument | undefined): boolean {
  return argument?.kind === 'constant' && argument.value === null;
}

/** An argument that a call has wrongly. */
export interface ArgumentFault {
  readonly name: string;
  readonly rule: string;
}

/** The arguments of a call in the order of the signature, with defaults. */
export function orderArguments(
  { parameters }: Signature,
  given: readonly NamedArgument[],
): readonly Argument[] | ArgumentFault {
  const byName = new Map<string, Argument>();
  const known = new Set(parameters.map(({ name }) => name));
  for (const { name, argument } of given) {
    if (!known.has(name)) return { name, rule: 'an argument of torch 2.13' };
    if (byName.has(name)) return { name, rule: 'each argument once' };
    byName.set(name, argument);
  }
  const ordered: Argument[] = [];
  for (const parameter of parameters) {
    const argument = byName.get(parameter.name) ?? parameter.defaultValue;
    if (argument === undefined) return { name: parameter.name, rule: 'an argument' };
    const spread = spreadOver(parameter, argument);
    if (!fits(parameter, spread)) return { name: parameter.name, rule: parameter.type };
    ordered.push(spread);
  }
  return ordered;
}

/** One number for all axes of a window. */
function spreadOver({ type, length }: Parameter, argument: Argument): Argument {
  if (!type.endsWith('[]')) return argument;
  if (argument.kind === 'constant' && argument.value !== null)
    return { kind: 'list', items: new Array<Argument>(length ?? 1).fill(argument) };
  if (argument.kind === 'list' && argument.items.length === 1 && length !== undefined)
    return { kind: 'list', items: new Array<Argument>(length).fill(argument.items[0] as Argument) };
  return argument;
}
