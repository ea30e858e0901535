import { message, show } from '../../../check.js';
import { UnsupportedError } from '../../../errors.js';
import type { WorkBudget } from '../../rules/work.js';
import type { Checkpoint, CheckpointDict, CheckpointNode } from '../checkpoint.js';
import { OtherNode, RefusedNode } from '../nodes.js';
import { textOf } from '../pickle/text.js';
import type { Unpickled } from '../pickle/unpickle.js';
import { asKind, type PickleCall, type PickleObject, type PickleValue } from '../pickle/values.js';
import { nodesReaching } from '../reach.js';
import { type Content, contentOf, isModule, namedValues } from './containers.js';
import { isKnownGlobal } from './globals.js';
import { invalid, WHERE } from './invalid.js';
import type { Storages } from './storages.js';
import { makesTensor, type TensorResult, tensorOf } from './tensors.js';

/** The name of a tensor that a file holds in place of a dict. */
const LONE_TENSOR = 'tensor';

/** A dict takes two Maps, however little is in it. */
const DICT_STEPS = 4;

const SAVE_STATE_DICT =
  'Save its state_dict in Python, where its classes can be imported: ' +
  'torch.save(torch.load("model.pt", weights_only=False).state_dict(), "state_dict.pt")';

/**
 * What a file of torch's holds, by its pickle and the storages that the pickle refers to.
 *
 * @param warnings  of the reader of its layout.
 * @throws what {@link buildTree} throws.
 */
export function interpret(
  { root, globals }: Unpickled,
  storages: Storages,
  work: WorkBudget,
  warnings: readonly string[] = [],
): Checkpoint {
  const unknown = globals.filter((global) => !isKnownGlobal(global)).map(({ fullName }) => fullName);
  return {
    format: 'torch',
    root: buildTree(root, storages, work),
    unknownGlobals: [...new Set(unknown)],
    warnings,
  };
}

/**
 * The tree of the containers and tensors in a pickle. Every other value is text; one that holds a tensor is refused where it is
 * asked for, and neither text nor reason is made before that: values may share a long one.
 *
 * Values that the pickle shares are shared here, cycles included: each container is one Map however often it is met, and is
 * filled from a list of those still empty. So neither depth nor sharing costs more than the length of the pickle.
 *
 * @throws UnsupportedError for a whole module; FormatError where the root can hold no tensors, or a tensor is malformed.
 */
export function buildTree(root: PickleValue, storages: Storages, work: WorkBudget): CheckpointDict {
  if (isModule(root)) {
    const got = moduleText(root);
    throw new UnsupportedError(message(WHERE, 'file', 'a state_dict', got, SAVE_STATE_DICT));
  }
  const node = new Tree(root, storages, work).build();
  if (node.kind === 'dict') return node.entries;
  if (node.kind !== 'other') return new Map([[LONE_TENSOR, node]]);
  throw invalid('INVALID_STRUCTURE', 'file', 'a dict of tensors', root);
}

class Tree {
  /** By the collection in the pickle; undefined where its keys are not names. */
  private readonly dicts = new Map<Content['source'], CheckpointDict | undefined>();
  /** The same of lists of pairs, which other values may have as plain lists. */
  private readonly pairs: typeof this.dicts = new Map();
  private readonly tensors = new Map<PickleCall, TensorResult>();
  private readonly opaque = new Map<PickleObject, CheckpointNode>();
  private readonly empty: {
    readonly entries: CheckpointDict;
    readonly values: ReadonlyMap<string, PickleValue>;
  }[] = [];
  /** Made for the first opaque object. */
  private holders: ReadonlySet<PickleValue> | undefined;

  constructor(
    private readonly root: PickleValue,
    private readonly storages: Storages,
    private readonly work: WorkBudget,
  ) {}

  build(): CheckpointNode {
    const node = this.node(this.root, 'root');
    for (let next = this.empty.pop(); next !== undefined; next = this.empty.pop()) {
      for (const [name, value] of next.values) next.entries.set(name, this.node(value, name));
    }
    return node;
  }

  /** The node of a value; a container is filled later. */
  private node(value: PickleValue, name: string): CheckpointNode {
    const call = asKind(value, 'call');
    if (call && makesTensor(call)) return this.tensor(call, name);
    const content = contentOf(value);
    const entries = content && this.dict(content);
    if (entries) return { kind: 'dict', entries };
    if (typeof value !== 'object' || value === null) return new OtherNode(value, textOf);
    const known = this.opaque.get(value);
    if (known) return known;
    const made = this.opaqueNode(value);
    this.opaque.set(value, made);
    return made;
  }

  /** An object is text, or refused where a tensor is in it. A storage outside a tensor is text too. */
  private opaqueNode(value: PickleObject): CheckpointNode {
    this.holders ??= nodesReaching(this.root, membersOf, isTensorOrStorage, this.work);
    if (value.kind === 'persistent' || !this.holders.has(value)) return new OtherNode(value, textOf);
    if (isModule(value)) return new RefusedNode(() => `${moduleText(value)}. ${SAVE_STATE_DICT}`);
    return new RefusedNode(() =>
      value.kind === 'call'
        ? `what ${textOf(value.callable)} makes of a tensor`
        : 'a container of a tensor that is neither a list nor a dict with names as keys',
    );
  }

  private tensor(call: PickleCall, name: string): TensorResult {
    const known = this.tensors.get(call);
    if (known) return known;
    const made = tensorOf(call, `tensor ${show(name)}`, this.storages, this.work);
    this.tensors.set(call, made);
    return made;
  }

  private dict(content: Content): CheckpointDict | undefined {
    const dicts = content.kind === 'pairs' ? this.pairs : this.dicts;
    if (dicts.has(content.source)) return dicts.get(content.source);
    this.work.spend(DICT_STEPS);
    const values = namedValues(content, this.work);
    const entries: CheckpointDict | undefined = values && new Map();
    dicts.set(content.source, entries);
    if (values && entries) this.empty.push({ entries, values });
    return entries;
  }
}

function moduleText(module: PickleValue): string {
  return `a whole module, ${textOf(asKind(module, 'call')?.callable ?? module)}`;
}

function isTensorOrStorage(value: PickleValue): boolean {
  const call = asKind(value, 'call');
  return call ? makesTensor(call) : asKind(value, 'persistent') !== undefined;
}

/** The values that a value is made of. A tensor is looked at as a whole. */
function membersOf(value: PickleValue): Iterable<PickleValue> {
  if (typeof value !== 'object' || value === null || isTensorOrStorage(value)) return [];
  switch (value.kind) {
    case 'list':
    case 'tuple':
    case 'set':
      return value.items.filter(isObject);
    case 'dict':
      return [...value.entries.keys(), ...value.entries.values()].filter(isObject);
    case 'call': {
      const { callable, args, kwargs = null, state = null, items = [], entries } = value;
      const set = entries ? [...entries.keys(), ...entries.values()] : [];
      return [callable, args, kwargs, state, ...items, ...set].filter(isObject);
    }
    default:
      return [];
  }
}

function isObject(value: PickleValue): value is PickleObject {
  return typeof value === 'object' && value !== null;
}
