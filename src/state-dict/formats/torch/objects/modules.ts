/** Whole modules, `torch.save(model)`, as data: the parameters, buffers and modules that an object has, whatever its class. */

import { show } from '../../../../check.js';
import { formatError } from '../../../rules/format-codes.js';
import type { WorkBudget } from '../../../rules/work.js';
import { textOf } from '../../pickle/text.js';
import {
  asKind,
  isUnchangedSince,
  type PickleCall,
  type PickleList,
  type PickleSet,
  type PickleValue,
} from '../../pickle/values.js';
import { contentOf, namedValues } from './containers.js';
import { nameOfGlobal } from './globals.js';
import { invalid, WHERE } from './invalid.js';

/** The attributes in which `torch.nn.Module` keeps its weights and submodules, in the order of its state_dict. */
const MODULE_ATTRIBUTES = ['_parameters', '_buffers', '_modules'] as const;

/** Functions that make an object of the class in their first argument. */
const OBJECT_MAKERS: ReadonlySet<string> = new Set([
  'copyreg._reconstructor',
  'copyreg.__newobj__',
  'copyreg.__newobj_ex__',
]);

/** Attributes that quantised modules add to their state_dict: packed weights, which only torch itself unpacks. */
const PACKED = ['_packed_params', '_packed_weight_ih', '_packed_weight_hh'];
const PACKED_PARAMETER = /\.PackedParameter$/;

export type Attributes = ReadonlyMap<PickleValue, PickleValue>;

/** A module's own part of its state_dict. */
export interface ModuleParts {
  /** Parameters, buffers and modules by name, in the order of `state_dict()`. */
  readonly values: ReadonlyMap<string, PickleValue>;
  /** Attributes with packed weights. */
  readonly packed: readonly string[];
}

/**
 * The attributes of an object of a `torch.nn.Module`, whatever its class; undefined of any other value.
 *
 * @throws FormatError where the dict of them is changed after the object has copied it.
 */
export function moduleAttributes(value: PickleValue): Attributes | undefined {
  const call = asKind(value, 'call');
  const state = call?.state;
  // An object with slots has a pair: its attributes, and those of the slots.
  const pair = asKind(state, 'tuple')?.items;
  const attributes = asKind(pair?.length === 2 ? pair[0] : state, 'dict');
  if (!attributes || !MODULE_ATTRIBUTES.every((name) => attributes.entries.has(name))) return undefined;
  if (!isUnchangedSince(attributes, call?.stateAt ?? 0))
    throw invalid('INVALID_STRUCTURE', 'module', 'attributes that stay as they were set', attributes);
  return attributes.entries;
}

/** Whether a value is an object of a `torch.nn.Module`, whatever its class. */
export function isModule(value: PickleValue): boolean {
  return moduleAttributes(value) !== undefined;
}

/**
 * The parameters, buffers and modules of a module; buffers without those that are not persistent, and nothing for `None`. Undefined
 * where a class keeps them in another way than torch.
 *
 * @param work  spent by the members: modules may share their dicts of parameters.
 * @throws FormatError where a parameter, buffer or module has the name of another.
 */
export function modulePartsOf(
  attributes: Attributes,
  className: string,
  work: WorkBudget,
): ModuleParts | undefined {
  const left = leftBuffers(attributes.get('_non_persistent_buffers_set'));
  const values = new Map<string, PickleValue>();
  for (const attribute of MODULE_ATTRIBUTES) {
    const content = contentOf(attributes.get(attribute) ?? null);
    const named = content && namedValues(content, work);
    if (named === undefined) return undefined;
    for (const [name, value] of named) {
      if (value === null || (attribute === '_buffers' && left.has(name))) continue;
      if (values.has(name)) {
        throw formatError('DUPLICATE_NAME', WHERE, 'module', 'each name once', `${show(name)} again`);
      }
      values.set(name, value);
    }
  }
  const names = PACKED_PARAMETER.test(className) ? ['param'] : PACKED;
  const packed = names.filter((name) => attributes.has(name) && !values.has(name));
  return { values, packed };
}

/** The buffers in a set, made once: modules may share a long one. */
const LEFT_BUFFERS = new WeakMap<PickleSet | PickleList, ReadonlySet<PickleValue>>();

/** A set, which the protocols before 4 make of a list. */
function leftBuffers(value: PickleValue | undefined): ReadonlySet<PickleValue> {
  const call = asKind(value, 'call');
  const isSet = nameOfGlobal(call?.callable) === 'builtins.set';
  const items = asKind(value, 'set') ?? (isSet ? asKind(call?.args.items[0], 'list') : undefined);
  if (items === undefined) return new Set();
  if (call && !isUnchangedSince(items, call.calledAt))
    throw invalid('INVALID_STRUCTURE', 'module', 'a set of buffers that stays as it was made', items);
  const left = LEFT_BUFFERS.get(items) ?? new Set(items.items);
  LEFT_BUFFERS.set(items, left);
  return left;
}

/** What a call makes an object of, without what else the file says of it: before 1.6 torch saved its path and source too. */
export function classOf({ callable, args }: PickleCall): PickleValue | undefined {
  const made = OBJECT_MAKERS.has(nameOfGlobal(callable) ?? '') ? args.items[0] : callable;
  const [kind, inside] = asKind(asKind(made, 'persistent')?.id, 'tuple')?.items ?? [];
  return kind === 'module' ? inside : made;
}

/** The name of an object's class. */
export function classNameOf(value: PickleValue): string {
  const call = asKind(value, 'call');
  if (call === undefined) return textOf(value);
  const named = classOf(call);
  const [owner, member] = asKind(named, 'call')?.args.items ?? [];
  // A static method is an attribute of its class.
  const ownerName = asKind(owner, 'global');
  if (ownerName && typeof member === 'string' && /^\w{1,80}$/.test(member))
    return `${textOf(ownerName)}.${member}`;
  const global = asKind(named, 'global');
  return global ? textOf(global) : 'a class made by a call';
}
