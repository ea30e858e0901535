/** Programs that specs make by hand: the JSON that torch.export writes, and the archive around it. */

import { strToU8, zipSync } from 'fflate';

/** `[name, sizes]` of a float32 tensor; a symbol is a string. With a third part another dtype, by torch's number. */
export type TensorSpec = readonly [name: string, sizes: readonly (number | string)[], dtype?: number];

export const INT32 = 4;
export const INT64 = 5;
export const FLOAT16 = 6;
export const FLOAT32 = 7;
export const FLOAT64 = 8;
export const BOOL = 12;

/** The name of a tensor, a list of them, or JSON of an argument as torch writes it. */
export type ArgumentSpec = string | readonly string[] | object;

/** A call: its target, arguments by name, and the tensors that it makes. */
export interface CallSpec {
  readonly target: string;
  readonly inputs: Readonly<Record<string, ArgumentSpec>>;
  readonly outputs: readonly (TensorSpec | object)[];
}

export interface StoredSpec {
  readonly kind: 'parameter' | 'buffer' | 'constant';
  readonly name: string;
  readonly tensor: TensorSpec;
  readonly values: readonly number[];
  readonly isPersistent?: boolean;
  readonly requiresGrad?: boolean;
}

export interface ProgramSpec {
  readonly stored?: readonly StoredSpec[];
  readonly inputs: readonly TensorSpec[];
  readonly calls: readonly CallSpec[];
  readonly outputs: readonly ArgumentSpec[];
  /** Changes the JSON before it is written. */
  readonly change?: (json: ProgramJson) => void;
}

// biome-ignore lint/suspicious/noExplicitAny: tests change any part of it
export type ProgramJson = Record<string, any>;

export function call(
  target: string,
  inputs: CallSpec['inputs'],
  ...outputs: readonly (TensorSpec | object)[]
): CallSpec {
  return { target: `torch.ops.${target}`, inputs, outputs };
}

function sizesOf(sizes: TensorSpec[1]): object[] {
  return sizes.map((size) =>
    typeof size === 'number'
      ? { as_int: size }
      : { as_expr: { expr_str: `Symbol('${size}', positive=True, integer=True)`, hint: null } },
  );
}

function metaOf([, sizes, dtype = FLOAT32]: TensorSpec, requiresGrad = false): object {
  return {
    ...{
      dtype,
      sizes: sizesOf(sizes),
      requires_grad: requiresGrad,
      storage_offset: { as_int: 0 },
      layout: 7,
    },
    device: { type: 'cpu', index: null },
    strides: sizes.map((_, axis) => ({
      as_int: sizes.slice(axis + 1).reduce<number>((product, size) => product * Number(size), 1) || 0,
    })),
  };
}

export function argument(spec: ArgumentSpec): object {
  if (typeof spec === 'string') return { as_tensor: { name: spec } };
  return Array.isArray(spec) ? { as_tensors: spec.map((name: string) => ({ name })) } : spec;
}

function isTensorSpec(output: TensorSpec | object): output is TensorSpec {
  return Array.isArray(output);
}

/** A graph of calls. */
export function graph(
  inputs: readonly TensorSpec[],
  calls: readonly CallSpec[],
  outputs: readonly ArgumentSpec[],
  requiresGrad: ReadonlySet<string> = new Set(),
): object {
  const tensors = [...inputs, ...calls.flatMap((each) => each.outputs.filter(isTensorSpec))];
  return {
    inputs: inputs.map(([name]) => argument(name)),
    outputs: outputs.map(argument),
    nodes: calls.map((each) => ({
      target: each.target,
      inputs: Object.entries(each.inputs).map(([name, spec]) => ({ name, arg: argument(spec), kind: 1 })),
      outputs: each.outputs.map((output) => (isTensorSpec(output) ? argument(output[0]) : output)),
      metadata: { stack_trace: `  File "model.py", line 3, in forward\n    ${each.target}()` },
      is_hop_single_tensor_return: null,
    })),
    tensor_values: Object.fromEntries(
      tensors.map((tensor) => [tensor[0], metaOf(tensor, requiresGrad.has(tensor[0]))]),
    ),
    sym_int_values: {},
    sym_bool_values: {},
  };
}

const leaf = { type: null, context: null, children_spec: [] };
const tuple = (children: object[]) => ({ type: 'builtins.tuple', context: 'null', children_spec: children });
const tree = (node: object) => JSON.stringify([1, node]);

export function programJson({ stored = [], inputs, calls, outputs, change }: ProgramSpec): ProgramJson {
  const trained = new Set(stored.filter(({ requiresGrad }) => requiresGrad).map(({ tensor }) => tensor[0]));
  const storedSpec = ({ kind, name, tensor, isPersistent = true }: StoredSpec) => {
    const arg = { name: tensor[0] };
    if (kind === 'parameter') return { parameter: { arg, parameter_name: name } };
    if (kind === 'buffer') return { buffer: { arg, buffer_name: name, persistent: isPersistent } };
    return { tensor_constant: { arg, tensor_constant_name: name } };
  };
  const json = {
    graph_module: {
      graph: graph([...stored.map(({ tensor }) => tensor), ...inputs], calls, outputs, trained),
      signature: {
        input_specs: [
          ...stored.map(storedSpec),
          ...inputs.map(([name]) => ({ user_input: { arg: argument(name) } })),
        ],
        output_specs: outputs.map((output) => ({ user_output: { arg: argument(output) } })),
      },
      module_call_graph: [
        {
          fqn: '',
          signature: {
            in_spec: tree(
              tuple([
                tuple(inputs.map(() => leaf)),
                { type: 'builtins.dict', context: '[]', children_spec: [] },
              ]),
            ),
            out_spec: tree(outputs.length === 1 ? leaf : tuple(outputs.map(() => leaf))),
            forward_arg_names: inputs.map(([name]) => name),
          },
        },
      ],
      treespec_namedtuple_fields: {},
    },
    range_constraints: {},
    schema_version: { major: 8, minor: 20 },
    torch_version: '2.13.0',
  };
  change?.(json);
  return json;
}

const ELEMENTS: Readonly<Record<number, (values: readonly number[]) => Uint8Array>> = {
  [INT64]: (values) => new Uint8Array(BigInt64Array.from(values, BigInt).buffer),
  /** Zeros: bits of halves have no array. */
  [FLOAT16]: (values) => new Uint8Array(2 * values.length),
  [FLOAT32]: (values) => new Uint8Array(Float32Array.from(values).buffer),
  [FLOAT64]: (values) => new Uint8Array(Float64Array.from(values).buffer),
  [BOOL]: (values) => Uint8Array.from(values),
};

/** A weight of two, by which `TIMES_WEIGHT` multiplies its input. */
export const WEIGHT: StoredSpec = { kind: 'parameter', name: 'w', tensor: ['p_w', [2]], values: [1, 2] };
export const TIMES_WEIGHT: ProgramSpec = {
  stored: [WEIGHT],
  inputs: [['x', ['b', 2]]],
  calls: [call('spec.times.default', { self: 'x', other: 'p_w' }, ['y', ['b', 2]])],
  outputs: ['y'],
};

/** @param changeFiles  changes the files of the archive, by their names in it. */
export function programBytes(
  spec: ProgramSpec,
  changeFiles?: (files: Record<string, Uint8Array>) => void,
): Uint8Array<ArrayBuffer> {
  const files: Record<string, Uint8Array> = {
    'models/model.json': strToU8(JSON.stringify(programJson(spec))),
    byteorder: strToU8('little'),
  };
  for (const [folder, file, isHere] of [
    ['data/weights', 'model_weights_config.json', isWeight],
    ['data/constants', 'model_constants_config.json', (stored: StoredSpec) => !isWeight(stored)],
  ] as const) {
    const own = (spec.stored ?? []).filter(isHere);
    const config = own.map(({ name, tensor, values, requiresGrad }, i) => {
      files[`${folder}/tensor_${i}`] = (
        ELEMENTS[tensor[2] ?? FLOAT32] as (values: readonly number[]) => Uint8Array
      )(values);
      return [
        name,
        { path_name: `tensor_${i}`, use_pickle: false, tensor_meta: metaOf(tensor, requiresGrad) },
      ];
    });
    files[`${folder}/${file}`] = strToU8(JSON.stringify({ config: Object.fromEntries(config) }));
  }
  changeFiles?.(files);
  const inFolder = Object.fromEntries(Object.entries(files).map(([name, bytes]) => [`model/${name}`, bytes]));
  return new Uint8Array(zipSync(inFolder, { level: 0 }));
}

function isWeight({ kind, isPersistent = true }: StoredSpec): boolean {
  return kind === 'parameter' || (kind === 'buffer' && isPersistent);
}
