/** The graph of a Functional model: its layers by name, and the calls that each call takes its inputs from. */

import { show } from '../../check.js';
import { describe, invalidModel, isModel, type LayerJson, layersOf, nameOf } from '../json.js';
import { type Call, callsOf, type Ref } from './nodes.js';

/** A layer of a Functional model with its calls. */
export interface GraphLayer {
  readonly layer: LayerJson;
  readonly calls: readonly Call[];
}

/** By name. */
export type Layers = ReadonlyMap<string, GraphLayer>;

/** A layer, and the number of a call among its calls. */
export type CallId = readonly [layer: string, call: number];

/**
 * A reference counts nodes. Here it has the number of the call among the calls of its layer in their place; the outputs of an
 * InputLayer are those of call 0.
 */
export interface Graph {
  readonly layers: Layers;
  /** Every call behind those whose outputs it takes. */
  readonly order: readonly CallId[];
  /** Counts calls in a reference of `input_layers` or `output_layers`. */
  resolveEnd(what: string, ref: Ref): Ref;
}

/**
 * @throws FormatError for two layers of one name, for an input that is no output of a call, and for calls in a cycle.
 */
export function graphOf(model: LayerJson): Graph {
  const read = readLayers(model);
  // Of Keras 3.
  const isExplicit = [...read.values()].some(({ calls }) => calls.some((call) => call.isExplicit));
  const resolve = (what: string, ref: Ref, isEnd: boolean): Ref =>
    resolved(read, isExplicit, what, ref, isEnd);
  const layers = new Map(
    [...read].map(([name, { layer, calls }]) => {
      const what = `inbound_nodes of ${describe(layer)}`;
      const resolveAll = (refs: readonly Ref[]) => refs.map((ref) => resolve(what, ref, false));
      const resolvedCalls = calls.map((call) => ({
        ...call,
        inputs: resolveAll(call.inputs),
        masks: resolveAll(call.masks),
      }));
      return [name, { layer, calls: resolvedCalls }] as const;
    }),
  );
  const resolveEnd = (what: string, ref: Ref) => resolve(what, ref, true);
  return { layers, order: orderOf(layers), resolveEnd };
}

function readLayers(model: LayerJson): Layers {
  const layers = new Map<string, GraphLayer>();
  for (const layer of layersOf(model)) {
    const name = nameOf(layer);
    const { name: outer = name } = layer as LayerJson & { readonly name?: unknown };
    if (outer !== name) throw invalidModel(`name of ${describe(layer)}`, 'that in its config', show(outer));
    if (layers.has(name)) {
      const what = `config.layers of ${model.class_name} ${show(model.config.name)}`;
      throw invalidModel(what, 'each name once', `${show(name)} twice`);
    }
    layers.set(name, { layer, calls: callsOf(layer) });
  }
  return layers;
}

/**
 * In tfjs, as in Keras 2, the first node of a model is its own graph and not a call. Keras 3 counts that node only for a
 * Functional model among the outputs.
 */
function resolved(
  layers: Layers,
  isExplicit: boolean,
  what: string,
  [name, node, tensor]: Ref,
  isEnd: boolean,
): Ref {
  const found = layers.get(name);
  if (found === undefined) throw invalidModel(what, 'names of layers in the same model', show(name));
  const { layer, calls } = found;
  const isCounted = isModel(layer) && (!isExplicit || (isEnd && layer.class_name !== 'Sequential'));
  const call = node - (isCounted ? 1 : 0);
  const count = layer.class_name === 'InputLayer' ? 1 : calls.length;
  if (call >= 0 && call < count && tensor >= 0) return [name, call, tensor];
  const first = isCounted ? 1 : 0;
  const rule =
    count === 0
      ? `no reference to ${show(name)}, which is not called`
      : `a node ${first}..${first + count - 1}`;
  throw invalidModel(what, `${rule} of ${show(name)}`, `[${show(name)}, ${node}, ${tensor}]`);
}

interface Waiting {
  readonly id: CallId;
  /** The number of calls that it waits for. */
  left: number;
  readonly users: Waiting[];
  readonly takesFrom: Waiting[];
}

/** Every call behind those that it takes inputs and masks from (Kahn's algorithm). */
function orderOf(layers: Layers): CallId[] {
  const waiting = new Map<string, Waiting[]>();
  for (const [name, { calls }] of layers)
    waiting.set(
      name,
      calls.map((_, i) => ({ id: [name, i], left: 0, users: [], takesFrom: [] })),
    );
  const all = [...waiting.values()].flat();
  for (const call of all) {
    const [layer, index] = call.id;
    const { inputs, masks } = (layers.get(layer) as GraphLayer).calls[index] as Call;
    for (const [name, number] of [...inputs, ...masks]) {
      const other = waiting.get(name)?.[number];
      // An InputLayer has no calls.
      if (other === undefined) continue;
      call.left++;
      call.takesFrom.push(other);
      other.users.push(call);
    }
  }
  const ready = all.filter(({ left }) => left === 0);
  for (const { users } of ready) for (const user of users) if (--user.left === 0) ready.push(user);
  if (ready.length < all.length) throw cycleError(layers, all);
  return ready.map(({ id }) => id);
}

function cycleError(layers: Layers, all: readonly Waiting[]) {
  const isStuck = ({ left }: Waiting) => left > 0;
  let at = all.find(isStuck) as Waiting;
  // The first call on the way back that was there before is in the cycle.
  for (const seen = new Set<Waiting>(); !seen.has(at); ) {
    seen.add(at);
    at = at.takesFrom.find(isStuck) as Waiting;
  }
  const { layer } = layers.get(at.id[0]) as GraphLayer;
  return invalidModel(`inbound_nodes of ${describe(layer)}`, 'inputs that do not depend on it', 'a cycle');
}
