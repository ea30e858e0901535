import { message, show } from '../../../check.js';
import { FormatError, UnsupportedError } from '../../../errors.js';
import type { CheckpointDict, CheckpointNode, OtherValue } from '../checkpoint.js';
import { textOf } from '../pickle/text.js';
import { asKind, type PickleCall, type PickleValue } from '../pickle/values.js';
import { type Content, contentOf, moduleDicts } from './containers.js';
import { isContainerClass, isKnownGlobal, nameOfGlobal } from './globals.js';
import { invalid, WHERE } from './invalid.js';
import { namedContent } from './names.js';
import type { Storages } from './storages.js';
import { TensorSearch } from './tensor-search.js';
import { makesTensor, type TensorNode, tensorOf } from './tensors.js';

/** The name of a tensor that a file holds in place of a dict. */
const LONE_TENSOR = 'tensor';

const SAVE_STATE_DICT = 'Save its state_dict in Python: torch.save(model.state_dict(), "model.pt")';

/**
 * The tree of what a pickle holds.
 *
 * Values that the pickle shares are shared here, rings included: each container is one Map however often it is met, and is
 * filled from a list of those still empty, so that neither depth nor sharing costs more than the pickle's own length.
 *
 * @throws UnsupportedError for a whole module; FormatError where the root can hold no tensors, or a tensor is malformed.
 */
export function buildTree(root: PickleValue, storages: Storages): CheckpointDict {
  if (moduleDicts(root)) {
    const got = `a whole module, ${textOf(asKind(root, 'call')?.callable ?? root)}`;
    throw new UnsupportedError(message(WHERE, 'file', 'a state_dict', got, SAVE_STATE_DICT));
  }
  const node = new Tree(storages).build(root);
  if (node.kind === 'dict') return node.entries;
  if (node.kind !== 'other') return new Map([[LONE_TENSOR, node]]);
  if (node.error) throw node.error;
  throw invalid('INVALID_CHECKPOINT', 'file', 'a dict of tensors', root);
}

class Tree {
  /** By the collection in the pickle: a list may be taken for what it is, and for the pairs of a dict. */
  private readonly dicts = {
    entries: new Map<Content['source'], CheckpointDict>(),
    items: new Map<Content['source'], CheckpointDict>(),
    pairs: new Map<Content['source'], CheckpointDict>(),
  };
  private readonly tensors = new Map<PickleCall, TensorNode>();
  private readonly search = new TensorSearch();
  /** What has been found out of a dict of parameters or modules that many objects may share. */
  private readonly weights = new Map<ReadonlyMap<PickleValue, PickleValue>, boolean>();
  private readonly empty: { readonly content: Content; readonly entries: CheckpointDict }[] = [];

  constructor(private readonly storages: Storages) {}

  build(root: PickleValue): CheckpointNode {
    const node = this.node(root, 'root');
    for (let next = this.empty.pop(); next !== undefined; next = this.empty.pop()) {
      for (const [name, value] of namedContent(next.content)) next.entries.set(name, this.node(value, name));
    }
    return node;
  }

  /** The node of a value; a container is yet to be filled. */
  private node(value: PickleValue, name: string): CheckpointNode {
    const call = asKind(value, 'call');
    if (call && makesTensor(call)) return this.tensor(call, name);
    try {
      const reason = call && this.whyRefused(call);
      if (reason) return { kind: 'refused', reason };
      const content = contentOf(value);
      if (content) return { kind: 'dict', entries: this.dict(content) };
    } catch (error) {
      if (!(error instanceof FormatError)) throw error;
      // A container of settings that is made in an odd way is no reason not to read the weights beside it; one of tensors is
      // the weights, perhaps.
      if (this.search.reaches(value)) return { kind: 'refused', reason: textOf(value), error };
      return { kind: 'other', value: otherValue(value), error };
    }
    return { kind: 'other', value: otherValue(value) };
  }

  /** Why what a call makes may be a tensor that cannot be had; undefined where it is none. */
  private whyRefused(call: PickleCall): string | undefined {
    const dicts = moduleDicts(call);
    if (dicts?.some((dict) => this.holdsWeight(dict))) {
      return `a whole module, ${textOf(call.callable)}. ${SAVE_STATE_DICT}`;
    }
    // What is in the tuple that a container is made of stays what it is.
    const inner = isContainerClass(call.callable) ? 0 : 1;
    const state = asKind(call.state, 'tuple') ?? asKind(call.state, 'list');
    if (!(this.search.holds(call.args, inner) || this.search.holds(state, inner))) return undefined;
    return `what ${textOf(call.callable)} makes of a tensor`;
  }

  private holdsWeight(dict: ReadonlyMap<PickleValue, PickleValue>): boolean {
    let found = this.weights.get(dict);
    if (found === undefined) {
      found = [...dict.values()].some((value) => value !== null);
      this.weights.set(dict, found);
    }
    return found;
  }

  private tensor(call: PickleCall, name: string): TensorNode {
    const known = this.tensors.get(call);
    if (known) return known;
    const made = tensorOf(call, `tensor ${show(name)}`, this.storages);
    this.tensors.set(call, made);
    return made;
  }

  private dict(content: Content): CheckpointDict {
    const dicts = this.dicts[content.kind];
    const known = dicts.get(content.source);
    if (known) return known;
    const entries: CheckpointDict = new Map();
    dicts.set(content.source, entries);
    this.empty.push({ content, entries });
    return entries;
  }
}

function otherValue(value: PickleValue): OtherValue {
  const unknownGlobal = unknownGlobalOf(asKind(value, 'call')?.callable ?? value);
  return unknownGlobal === undefined ? { text: textOf(value) } : { text: textOf(value), unknownGlobal };
}

/** The name of a class or function that is not known here. */
function unknownGlobalOf(value: PickleValue): string | undefined {
  const global = asKind(value, 'global');
  return global === undefined || isKnownGlobal(global) ? undefined : nameOfGlobal(global);
}
