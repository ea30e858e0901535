/** Follows the masks of a Keras model through its topology, by the rules of its version of Keras. */

import { show } from '../../check.js';
import {
  asLayer,
  describe,
  isModel,
  isObject,
  type LayerJson,
  layersOf,
  nameOf,
  objectsIn,
  unsupported,
} from '../json.js';
import { RECURRENT_CLASSES } from '../layer/masked-class.js';
import { type Graph, type GraphLayer, graphOf } from '../topology/graph.js';
import { type DataLayers, dataLayers, keyOf, maskValue } from '../topology/mask-layers.js';
import { type Call, callsOf, endsOf, type Ref } from '../topology/nodes.js';
import { type Found, mergedFlow } from './flow.js';
import { type MaskKey, MaskKeys } from './keys.js';
import { type KerasVersion, kerasRule, makesMasks, readsMasks } from './rules.js';

/** A Functional model as the file has it, with what is found out about it once. */
export interface ReadGraph extends Graph, DataLayers {
  readonly inputs: readonly Ref[];
  readonly outputs: readonly Ref[];
}

/** Where a model stands. */
interface Context {
  /** The names of the models around its layers. */
  readonly scope: string;
  readonly inputs: readonly Found[];
  /** The key of the mask that tfjs calls the model with, and hands to its layers until one of them makes another. */
  readonly passed: MaskKey | undefined;
}

/** A call of a layer, as far as masks go. */
interface LayerCall {
  readonly layer: LayerJson;
  readonly masks: readonly Found[];
  readonly context: Context;
  /** The reference to the first input. */
  readonly source: Ref;
  /** What the file itself says, where it does; undefined where it leaves masks to the layers. */
  readonly explicit?: { readonly key: MaskKey | undefined };
  readonly hasStates: boolean;
}

/** The mask of each output of a call. */
type Outputs = (tensor: number) => Found;

/**
 * Whether the layers of a model have masks, in all the places where they stand.
 *
 * In tfjs a layer that reads a mask gets the last one that any layer had, so each reader has to be told whether it has one.
 */
export class MaskPlan {
  private readonly keys = new MaskKeys();
  private readonly graphs = new Map<LayerJson, ReadGraph>();
  private readonly makesMasks = oncePerLayer(makesMasks);
  private readonly readsMasks = oncePerLayer((layer) => readsMasks(layer, this.version as KerasVersion));
  private readonly masked = new Set<LayerJson>();
  private readonly unmasked = new Set<LayerJson>();

  private constructor(
    /** Undefined for a model of tfjs, whose layers have masks by its rules. */
    readonly version: KerasVersion | undefined,
    /** Whether any layer of the file makes a mask. */
    readonly hasMasks: boolean,
    /** Whether any call has initial states. */
    readonly hasStates: boolean,
  ) {}

  /**
   * @throws UnsupportedError for a mask that a layer of Keras reads and tfjs cannot hand to it, and FormatError for a graph
   * that is none.
   */
  static of(original: LayerJson, version: KerasVersion | undefined): MaskPlan {
    const isKeras = version !== undefined;
    const plan = new MaskPlan(version, isKeras && makesMasks(original), isKeras && hasStates(original));
    if (plan.hasMasks) plan.visit(original, { scope: '', inputs: [], passed: undefined });
    return plan;
  }

  /** The graph of a Functional model. `scope` has the names of the models around its layers. */
  graphOf(model: LayerJson, scope: string): ReadGraph {
    const known = this.graphs.get(model);
    if (known) return known;
    const graph = graphOf(model);
    const [inputs, outputs] = (['input_layers', 'output_layers'] as const).map((key) =>
      endsOf(model, key).map((ref) => graph.resolveEnd(`config.${key} of ${describe(model)}`, ref)),
    ) as [Ref[], Ref[]];
    const data = dataLayers(graph, outputs, scope, this.keys);
    for (const [name] of inputs) data.kept.add(name);
    const read = { ...graph, ...data, inputs, outputs };
    this.graphs.set(model, read);
    return read;
  }

  /** Whether any call of the layer has a mask at one of its inputs. */
  isMasked(layer: LayerJson): boolean {
    return this.masked.has(layer);
  }

  private visit(model: LayerJson, context: Context): Found[] {
    return model.class_name === 'Sequential'
      ? this.visitSequential(model, context)
      : this.visitGraph(model, context);
  }

  private visitSequential(model: LayerJson, context: Context): Found[] {
    let [mask] = context.inputs;
    for (const layer of layersOf(model)) {
      const source: Ref = [nameOf(layer), 0, 0];
      if (layer.class_name !== 'InputLayer')
        mask = this.call({ layer, masks: [mask], context, source, hasStates: false })(0);
    }
    return [mask];
  }

  private visitGraph(model: LayerJson, context: Context): Found[] {
    const graph = this.graphOf(model, context.scope);
    const found = new Map<string, Outputs>();
    const maskOf = (ref: Ref) => found.get(keyOf(ref))?.(ref[2]);
    for (const [i, input] of graph.inputs.entries()) found.set(keyOf(input), () => context.inputs[i]);
    for (const id of graph.order) {
      const [name, index] = id;
      if (!graph.kept.has(name)) continue;
      const { layer, calls } = graph.layers.get(name) as GraphLayer;
      const { inputs, masks, isExplicit, hasStates } = calls[index] as Call;
      const isTold = isExplicit && context.scope === '' && !hasStates;
      const key = masks[0] && graph.comparisons.get(keyOf(masks[0]));
      found.set(
        keyOf(id),
        this.call({
          layer,
          masks: inputs.map(maskOf),
          context,
          source: inputs[0] as Ref,
          hasStates,
          ...(isTold && { explicit: { key } }),
        }),
      );
    }
    return graph.outputs.map(maskOf);
  }

  /** Notes the masks of a call, and follows them to its outputs. */
  private call(call: LayerCall): Outputs {
    const { layer, masks, context } = call;
    const version = this.version as KerasVersion;
    const [first] = masks;
    if (isModel(layer)) return this.callModel(call);
    const inner = layer.config.layer;
    if (isObject(inner) && isModel(inner as unknown as LayerJson))
      this.visit(inner as unknown as LayerJson, {
        ...context,
        scope: scopeOf(call),
        inputs: [],
        passed: undefined,
      });
    if (this.readsMasks(layer)) this.read(call);
    else for (const mask of masks) this.note(layer, mask);
    switch (kerasRule(layer, version)) {
      case 'makes':
        return only({
          key: this.keys.source(context.scope, maskValue(layer), call.source),
          maker: describe(layer),
          isHandedOn: true,
        });
      case 'keeps':
        return () => first;
      case 'sequence':
        return (tensor) => (tensor < maskedOutputs(layer) ? first : undefined);
      case 'merges':
        return only(this.merged(layer, masks));
      case 'concatenates':
        return only(this.concatenated(layer, masks));
      case 'unknown':
        return () =>
          first && {
            ...first,
            lost: `${describe(layer)} is a class that tfjs does not have: move the mask behind it`,
          };
      default:
        return () => undefined;
    }
  }

  private callModel(call: LayerCall): Outputs {
    const { layer, masks, context } = call;
    const [first] = masks;
    const isSet = masks.some((mask) => mask?.isHandedOn);
    const outer = isSet ? (first?.isHandedOn ? first.key : undefined) : context.passed;
    const passed = this.makesMasks(layer) ? undefined : outer;
    const inputs = masks.map((mask) => mask && { ...mask, isHandedOn: false });
    const outputs = this.visit(layer, { scope: scopeOf(call), inputs, passed });
    const lost = `tfjs drops the mask of a model inside a model: put the layers of ${show(nameOf(layer))} into the outer one`;
    return (tensor) => outputs[tensor] && { lost, ...outputs[tensor] };
  }

  /** Notes whether a layer reads a mask in a call. */
  private read({ layer, masks, context, explicit, hasStates }: LayerCall): void {
    const [mask] = masks;
    // Keras 3 leaves the mask of a call with initial states out.
    const own = this.version === 3 && hasStates ? undefined : mask;
    const what = `mask of ${describe(layer)}`;
    if (explicit && explicit.key !== own?.key) {
      const [rule, got] = [explicit.key, own?.key].map((key) => (key === undefined ? 'none' : 'a mask'));
      throw unsupported(
        what,
        `what the file says, ${rule}`,
        `${rule === got ? 'another mask' : got} from the layers before it`,
      );
    }
    if (own?.lost !== undefined) throw unsupported(what, `that of ${own.maker}`, 'none in tfjs', own.lost);
    if (own && !own.isHandedOn && own.key !== context.passed) {
      const remedy =
        'tfjs hands the mask of the first input alone into a model inside a model: put its layers into the outer one';
      throw unsupported(what, `that of ${own.maker}`, 'another one or none in tfjs', remedy);
    }
    // A merge is masked where any of its inputs is.
    this.note(layer, kerasRule(layer, this.version as KerasVersion) === 'merges' ? masks.find(isFound) : own);
    if (this.masked.has(layer) && this.unmasked.has(layer)) {
      const remedy = `tfjs does not tell them apart: use two layers with the weights of ${show(nameOf(layer))}`;
      throw unsupported(what, 'every call of it to be masked, or none', 'both kinds', remedy);
    }
  }

  private note(layer: LayerJson, mask: Found): void {
    (mask ? this.masked : this.unmasked).add(layer);
  }

  private merged(layer: LayerJson, masks: readonly Found[]): Found {
    const present = masks.filter((mask) => mask !== undefined);
    if (this.version === 2) return mergedFlow(this.keys, describe(layer), '&', present);
    return present.length === masks.length ? mergedFlow(this.keys, describe(layer), '|', present) : undefined;
  }

  private concatenated(layer: LayerJson, masks: readonly Found[]): Found {
    if (!isAlongTime(layer)) return this.merged(layer, masks);
    const present = masks.filter((mask) => mask !== undefined);
    const [first] = present;
    if (first === undefined) return undefined;
    const lost = `tfjs does not lengthen masks, as ${describe(layer)} does in Keras: mask behind it`;
    const key = this.keys.joined(
      ';',
      present.map((mask) => mask.key),
    );
    return { ...first, key, lost: first.lost ?? lost };
  }
}

function hasStates(original: LayerJson): boolean {
  for (const layer of objectsIn(original))
    if (Array.isArray(layer.inbound_nodes) && RECURRENT_CLASSES.includes(layer.class_name as string))
      if (callsOf(asLayer('layer', layer)).some((call) => call.hasStates)) return true;
  return false;
}

/** `find` looks through a layer as often as it is called; the result only once. */
function oncePerLayer(find: (layer: LayerJson) => boolean): (layer: LayerJson) => boolean {
  const known = new Map<LayerJson, boolean>();
  return (layer) => {
    const found = known.get(layer) ?? find(layer);
    known.set(layer, found);
    return found;
  };
}

function isFound(mask: Found): boolean {
  return mask !== undefined;
}

function only(mask: Found): Outputs {
  return (tensor) => (tensor === 0 ? mask : undefined);
}

function scopeOf({ layer, context }: LayerCall): string {
  return `${context.scope}/${nameOf(layer)}`;
}

/** Whether a Concatenate puts sequences behind each other, and not their features. */
export function isAlongTime({ config: { axis = -1 } }: LayerJson): boolean {
  return axis !== -1 && axis !== 2;
}

/** The number of outputs that have the mask of the sequence, by the configuration of a recurrent layer. */
function maskedOutputs({ class_name, config }: LayerJson): number {
  const isWrapper = class_name === 'Bidirectional' && isObject(config.layer);
  const inner = isWrapper ? (config.layer as unknown as LayerJson).config : config;
  if (!isObject(inner) || inner.return_sequences !== true) return 0;
  return isWrapper && config.merge_mode === null ? 2 : 1;
}
