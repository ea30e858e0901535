import { message, show, showFirst } from '../../../../check.js';
import { UnsupportedError } from '../../../../errors.js';
import type { ModuleFacts } from '../../../module-facts.js';
import { formatError } from '../../../rules/format-codes.js';
import type { WorkBudget } from '../../../rules/work.js';
import type { Checkpoint, CheckpointDict, CheckpointNode, UnopenedFile } from '../../checkpoint.js';
import type { StateDictFormat } from '../../detect.js';
import { ObjectNode, OtherNode } from '../../nodes.js';
import { type ArrayResult, arrayOf, kindOfArray, makesArray } from '../../numpy/pickled.js';
import { PickledBytes } from '../../pickle/bytes.js';
import { textOf } from '../../pickle/text.js';
import type { Unpickled } from '../../pickle/unpickle.js';
import { asKind, type PickleCall, type PickleObject, type PickleValue } from '../../pickle/values.js';
import { nodesReaching } from '../../reach.js';
import { plainAttributes } from './attributes.js';
import { type Content, contentOf, namedValues } from './containers.js';
import { isKnownGlobal, makesPlainValue } from './globals.js';
import { invalid, WHERE } from './invalid.js';
import { type Attributes, classNameOf, classOf, moduleAttributes, modulePartsOf } from './modules.js';
import { makesStorage, NestedStorages } from './nested.js';
import { NumberLists, ScalarNode } from './numbers.js';
import type { Storages } from './storages.js';
import { makesTensor, type TensorResult, tensorOf } from './tensors.js';

/** The name of a tensor that a file holds in place of a dict. */
const LONE_TENSOR = 'tensor';

/** A dict takes two Maps, however little is in it. */
const DICT_STEPS = 4;

const SAVE_STATE_DICT =
  'In Python, where that class is defined: torch.save(model.state_dict(), "state_dict.pt")';

const PACKED = 'the packed weights of a quantised module';

/** What reading the file may take. */
type Budgets = Pick<UnopenedFile, 'limits' | 'work'>;

export interface InterpretOptions {
  /** Of the reader of its layout. */
  readonly warnings?: readonly string[];
  /** @default 'torch' */
  readonly format?: StateDictFormat;
}

/**
 * What a file of torch's holds, by its pickle and the storages that the pickle refers to.
 *
 * @throws UnsupportedError for an object of another class, FormatError where the root can hold no tensors, or one is malformed.
 */
export function interpret(
  unpickled: Unpickled,
  storages: Storages,
  file: Budgets,
  { warnings = [], format = 'torch' }: InterpretOptions = {},
): Checkpoint {
  const { node, modules, unknownGlobals, notes } = readTree(unpickled, storages, file);
  const root = rootOf(node, unpickled.root);
  return { format, root, modules, unknownGlobals, warnings: [...warnings, ...notes] };
}

function rootOf(node: CheckpointNode, root: PickleValue): CheckpointDict {
  if (node.kind === 'dict') return node.entries;
  if (node.kind !== 'other' && !(node.kind === 'refused' && node.isObject))
    return new Map([[LONE_TENSOR, node]]);
  const call = asKind(root, 'call');
  if (call === undefined) throw invalid('INVALID_STRUCTURE', 'file', 'a dict of tensors', root);
  const got = `what ${classNameOf(call)} makes`;
  if (node.kind === 'other' && call.state === undefined)
    throw formatError('INVALID_STRUCTURE', WHERE, 'file', 'a dict of tensors', got);
  throw new UnsupportedError(message(WHERE, 'file', 'a state_dict', got, SAVE_STATE_DICT));
}

export interface PickledTree {
  readonly node: CheckpointNode;
  /** Whether it has tensors or lists of numbers. */
  readonly hasNumbers: boolean;
  /** The dicts of whole modules, and what else the file tells of each. */
  readonly modules: ReadonlyMap<CheckpointDict, ModuleFacts>;
  readonly unknownGlobals: readonly string[];
  /** Sentences on the whole modules in it. */
  readonly notes: readonly string[];
}

/** The tree of a pickle, whatever its root is. */
export function readTree(unpickled: Unpickled, storages: Storages, file: Budgets): PickledTree {
  const { root, globals } = unpickled;
  refuseFilled(unpickled);
  const tree = new Tree(root, storages, file);
  const node = tree.build();
  const { hasNumbers, moduleDicts, moduleClasses } = tree;
  const unknown = globals
    .filter((global) => !isKnownGlobal(global) && !moduleClasses.has(global))
    .map(({ fullName }) => fullName);
  return {
    node,
    hasNumbers,
    modules: moduleDicts,
    unknownGlobals: [...new Set(unknown)],
    notes: tree.notes(),
  };
}

/** Items set in a tensor are elements, of all that share its storage: also where the tensor itself is left out. */
function refuseFilled({ filled }: Unpickled): void {
  for (const call of filled) {
    if (!makesTensor(call) && !makesArray(call) && !makesStorage(call) && !makesPlainValue(call)) continue;
    throw invalid('INVALID_STRUCTURE', 'pickle', 'elements that are left as they were made', call);
  }
}

/**
 * The tree of the containers, modules and tensors in a pickle. Every other value is text; one that holds a tensor is refused where
 * it is asked for.
 *
 * Values that the pickle shares are shared here, cycles included: each container is one Map however often it is met, and is
 * filled from a list of those still empty. So neither depth nor sharing costs more than the length of the pickle.
 */
class Tree {
  /** By the collection in the pickle; undefined where its keys are not names. */
  private readonly dicts = new Map<Content['source'], CheckpointDict | undefined>();
  /** The same of lists of pairs, which other values may have as plain lists. */
  private readonly pairs: typeof this.dicts = new Map();
  readonly moduleDicts = new Map<CheckpointDict, ModuleFacts>();
  /** The classes of whole modules, which are read as data. */
  readonly moduleClasses = new Set<PickleValue | undefined>();
  private readonly modules = new Map<Attributes, CheckpointDict | undefined>();
  private readonly tensors = new Map<PickleCall, TensorResult | ArrayResult>();
  private readonly opaque = new Map<PickleObject, CheckpointNode>();
  private readonly empty: {
    readonly entries: CheckpointDict;
    readonly values: ReadonlyMap<string, PickleValue>;
    readonly ofModule?: boolean;
  }[] = [];
  /** Names and classes of the modules that are in no other. */
  private readonly outerModules: string[] = [];
  private hasLists = false;
  private readonly bytes: PickledBytes;
  private readonly numbers: NumberLists;
  private readonly storages: Storages;
  private readonly work: WorkBudget;
  /** Made for the first opaque object. */
  private holders: ReadonlySet<PickleValue> | undefined;

  constructor(
    private readonly root: PickleValue,
    storages: Storages,
    file: Budgets,
  ) {
    this.bytes = new PickledBytes(file.work);
    this.storages = new NestedStorages(storages, this.bytes, file);
    this.numbers = new NumberLists(file.work);
    this.work = file.work;
  }

  build(): CheckpointNode {
    const node = this.node(this.root, '', false);
    for (let next = this.empty.pop(); next !== undefined; next = this.empty.pop()) {
      for (const [name, value] of next.values)
        next.entries.set(name, this.node(value, name, next.ofModule === true));
    }
    return node;
  }

  get hasNumbers(): boolean {
    return this.hasLists || [...this.tensors.values()].some(({ kind }) => kind !== 'objects');
  }

  /** A sentence on the whole modules of the file. */
  notes(): string[] {
    if (this.outerModules.length === 0) return [];
    const what = showFirst(this.outerModules, (text) => text);
    return [
      `Read as data: ${what}. The code of classes, such as forward, is not read. ` +
        'Names are those of state_dict(), unless a class changes them, which the file does not tell.',
    ];
  }

  /** The node of a value; a container is filled later. */
  private node(value: PickleValue, name: string, inModule: boolean): CheckpointNode {
    const call = asKind(value, 'call');
    if (call && makesTensor(call)) return this.tensor(call, name) as TensorResult;
    if (call && makesArray(call)) return this.array(call, name, inModule);
    const attributes = moduleAttributes(value);
    const isNew = attributes && !this.modules.has(attributes);
    const parts = attributes && this.module(attributes, value);
    if (parts) {
      if (isNew && !inModule) this.outerModules.push(moduleText(value, name));
      return { kind: 'dict', entries: parts };
    }
    const numbers = this.numbers.nodeOf(value);
    if (numbers) {
      this.hasLists = true;
      return numbers;
    }
    const content = contentOf(value);
    const entries = content && this.dict(content);
    if (entries) return { kind: 'dict', entries };
    if (typeof value !== 'object' || value === null || value.kind === 'float') return new ScalarNode(value);
    const known = this.opaque.get(value);
    if (known) return known;
    const made = this.opaqueNode(value);
    this.opaque.set(value, made);
    return made;
  }

  /** An object is text, or refused where a tensor is in it. A storage outside a tensor is text too. */
  private opaqueNode(value: PickleObject): CheckpointNode {
    this.holders ??= nodesReaching(this.root, membersOf, isTensorOrStorage, this.work);
    const isStorage = value.kind === 'persistent' || (value.kind === 'call' && makesStorage(value));
    if (isStorage || !this.holders.has(value)) return new OtherNode(value, opaqueText);
    return new ObjectNode(() =>
      value.kind === 'call'
        ? `what ${classNameOf(value)} makes of a tensor`
        : 'a container of a tensor that is neither a list nor a dict with names as keys',
    );
  }

  private tensor(call: PickleCall, name: string): TensorResult | ArrayResult {
    const known = this.tensors.get(call);
    if (known) return known;
    const what = `tensor ${show(name || LONE_TENSOR)}`;
    const made = makesTensor(call)
      ? tensorOf(call, what, this.storages, this.work)
      : arrayOf(call, what, this.bytes, this.work);
    this.tensors.set(call, made);
    return made;
  }

  /** An array of objects is a list of them, and one without dimensions the object itself: what `numpy.save` makes of a dict. */
  private array(call: PickleCall, name: string, inModule: boolean): CheckpointNode {
    if (kindOfArray(call) === 'other') return { kind: 'other', text: 'an array of texts or dates' };
    const made = this.tensor(call, name);
    if (made.kind !== 'objects') return made;
    const { shape, items } = made;
    const [only] = items;
    if (shape.length > 0 || makesArrayOfObjects(only)) {
      const entries = this.dict({ kind: 'items', source: items });
      return entries ? { kind: 'dict', entries } : { kind: 'other', text: 'an array' };
    }
    return this.node(only, name, inModule);
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

  private module(attributes: Attributes, value: PickleValue): CheckpointDict | undefined {
    if (this.modules.has(attributes)) return this.modules.get(attributes);
    const className = classNameOf(value);
    const parts = modulePartsOf(attributes, className, this.work);
    const entries: CheckpointDict | undefined = parts && new Map();
    this.modules.set(attributes, entries);
    if (!parts || !entries) return undefined;
    this.moduleDicts.set(entries, { className, attributes: plainAttributes(attributes, this.work) });
    this.moduleClasses.add(classOf(value as PickleCall));
    for (const name of parts.packed) entries.set(name, { kind: 'refused', reason: PACKED });
    this.empty.push({ entries, values: parts.values, ofModule: true });
    return entries;
  }
}

function makesArrayOfObjects(value: PickleValue | undefined): boolean {
  const call = asKind(value, 'call');
  return call !== undefined && makesArray(call) && kindOfArray(call) === 'objects';
}

function moduleText(module: PickleValue, name: string): string {
  const text = `a whole module of class ${classNameOf(module)}`;
  return name === '' ? text : `${text} at ${show(name)}`;
}

/** Classes of files before 1.6 come with their path and source, which are nobody's business. */
function opaqueText(value: PickleObject): string {
  const call = asKind(value, 'call');
  return call && asKind(call.callable, 'persistent')
    ? `an object of class ${classNameOf(call)}`
    : textOf(value);
}

function isTensorOrStorage(value: PickleValue): boolean {
  const call = asKind(value, 'call');
  if (call === undefined) return asKind(value, 'persistent') !== undefined;
  return makesTensor(call) || makesStorage(call) || (makesArray(call) && kindOfArray(call) === 'numbers');
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
