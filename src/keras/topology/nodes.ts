/** Reads the calls of a Functional model's layers, in the three forms that Keras and tfjs write. */

import { show } from '../../check.js';
import { describe, invalidModel, isObject, type LayerJson, nameOf, unsupported } from '../json.js';

/** An output of a layer: the layer's name, the index of the call, the index of the output. */
export type Ref = readonly [layer: string, node: number, tensor: number];

/** One call of a layer. */
export interface Call {
  /** Whether the call has Keras 3's form, which names every mask that it uses. */
  readonly isExplicit: boolean;
  /** The input, then the initial states. */
  readonly inputs: readonly Ref[];
  readonly masks: readonly Ref[];
  readonly hasStates: boolean;
  readonly isTraining: boolean;
  /** What a call in tfjs cannot have, by argument: numbers among the inputs, other arguments. */
  readonly others: readonly { readonly argument: string; readonly value: unknown }[];
}

const STATE_ARGUMENT = 'initial_state';

/** The calls of one layer. */
export function callsOf(layer: LayerJson): Call[] {
  const { inbound_nodes: nodes = [] } = layer;
  const what = `inbound_nodes of ${describe(layer)}`;
  if (!Array.isArray(nodes)) throw invalidModel(what, 'a list', show(nodes));
  return nodes.map((node) => {
    // Keras 2 writes the calls of an operation without the outer list.
    if (Array.isArray(node)) return listedCall(what, typeof node[0] === 'string' ? [node] : node);
    if (isObject(node) && Array.isArray(node.args) && isObject(node.kwargs))
      return makeCall(what, true, node.args, node.kwargs);
    throw invalidModel(what, 'lists, or objects with args and kwargs', show(node));
  });
}

/** Keras 2 and tfjs: `[[layer, node, tensor, kwargs], ...]`, with the same kwargs in each entry. */
function listedCall(what: string, node: readonly unknown[]): Call {
  const kwargs: Record<string, unknown> = {};
  const refs = node.map((entry) => {
    if (!Array.isArray(entry) || !isRef(entry.slice(0, 3)))
      throw invalidModel(what, 'entries [layer, node, tensor, arguments]', show(entry));
    if (isObject(entry[3])) Object.assign(kwargs, entry[3]);
    return entry.slice(0, 3);
  });
  return makeCall(what, false, refs, kwargs);
}

function makeCall(
  what: string,
  isExplicit: boolean,
  args: readonly unknown[],
  kwargs: Readonly<Record<string, unknown>>,
): Call {
  const { mask, training, [STATE_ARGUMENT]: states, ...rest } = kwargs;
  const inputs = flatten(what, [args]);
  const initial = flatten(what, [states]);
  const others = [
    ...[...inputs.others, ...initial.others].map((value) => ({ argument: 'the inputs', value })),
    ...Object.entries(rest)
      .filter(([, value]) => value != null)
      .map(([argument, value]) => ({ argument, value })),
  ];
  return {
    isExplicit,
    inputs: [...inputs.refs, ...initial.refs],
    masks: flatten(what, [mask]).refs,
    hasStates: inputs.refs.length > 1 || initial.refs.length > 0,
    isTraining: training === true,
    others,
  };
}

/** The outputs of layers in nested lists, in order, and all other values but null. */
function flatten(what: string, values: readonly unknown[]): { refs: Ref[]; others: unknown[] } {
  const refs: Ref[] = [];
  const others: unknown[] = [];
  const visit = (value: unknown): void => {
    if (value == null) return;
    if (isRef(value)) refs.push(value);
    else if (Array.isArray(value)) value.forEach(visit);
    else if (isObject(value) && value.class_name === '__keras_tensor__') refs.push(historyOf(what, value));
    else others.push(value);
  };
  values.forEach(visit);
  return { refs, others };
}

function historyOf(what: string, tensor: Readonly<Record<string, unknown>>): Ref {
  const history = isObject(tensor.config) ? tensor.config.keras_history : undefined;
  if (!isRef(history)) throw invalidModel(what, 'keras_history [layer, node, tensor]', show(history));
  return history;
}

function isRef(value: unknown): value is Ref {
  return (
    Array.isArray(value) &&
    value.length === 3 &&
    typeof value[0] === 'string' &&
    Number.isInteger(value[1]) &&
    Number.isInteger(value[2])
  );
}

/** The model's inputs or outputs: Keras 3 writes one without a list, and several in any nesting. */
export function endsOf(model: LayerJson, key: 'input_layers' | 'output_layers'): Ref[] {
  const what = `config.${key} of ${model.class_name} ${show(model.config.name)}`;
  const ends = model.config[key];
  const { refs, others } = flatten(what, [isObject(ends) ? Object.values(ends) : ends]);
  if (refs.length === 0 || others.length > 0)
    throw invalidModel(what, 'a list of [layer, node, tensor]', show(ends));
  return refs;
}

/** @throws UnsupportedError for a call that the graph of tfjs cannot hold. */
export function checkCall(layer: LayerJson, { others: [other] }: Call): void {
  if (other === undefined) return;
  throw unsupported(
    `${other.argument} of ${describe(layer)}`,
    'outputs of layers only',
    show(other.value),
    `Put what ${show(nameOf(layer))} computes with it into a layer, or leave it out`,
  );
}
