/** The names that mean something in a file of torch's. */

import { asKind, type PickleGlobal, type PickleValue } from '../pickle/values.js';
import { elementTypeNamed, storageType } from './dtypes.js';

/** Modules that have other names in Python 2 or in older versions of torch. */
const RENAMED_MODULES = new Map([
  ['__builtin__', 'builtins'],
  ['copy_reg', 'copyreg'],
  ['torch.tensor', 'torch._tensor'],
]);

/** `module.name` of a class or function, as today's Python and torch have it; undefined for a value that is none. */
export function nameOfGlobal(value: PickleValue | undefined): string | undefined {
  const global = asKind(value, 'global');
  return global && `${RENAMED_MODULES.get(global.module) ?? global.module}.${global.name}`;
}

/** Classes of dicts. Their calls may carry what they hold, or it is set by key. */
export const DICT_CLASSES: ReadonlySet<string> = new Set([
  'builtins.dict',
  'collections.Counter',
  'collections.OrderedDict',
  'collections.defaultdict',
]);

/** Classes of lists and sets. Their calls may carry a list of what they hold, or it is appended. */
export const LIST_CLASSES: ReadonlySet<string> = new Set([
  'builtins.frozenset',
  'builtins.list',
  'builtins.set',
  'builtins.tuple',
  'collections.deque',
]);

/** Whether a value is one of those classes. */
export function isContainerClass(value: PickleValue): boolean {
  const name = nameOfGlobal(value) ?? '';
  return DICT_CLASSES.has(name) || LIST_CLASSES.has(name);
}

/** What makes values that are neither containers nor tensors. */
const VALUE_MAKERS: ReadonlySet<string> = new Set([
  '_codecs.encode',
  'builtins.bytearray',
  'builtins.bytes',
  'builtins.complex',
  'torch.Size',
  'torch.device',
  'torch.serialization._get_layout',
]);

const TENSOR_CLASSES: ReadonlySet<string> = new Set([
  'torch.Tensor',
  'torch._tensor.Tensor',
  'torch.autograd.variable.Variable',
  'torch.nn.parameter.Buffer',
  'torch.nn.parameter.Parameter',
]);

/** The classes that there once was one of for each dtype. */
const TYPED_TENSOR_CLASS =
  /^torch\.(cuda\.)?(Double|Float|Half|BFloat16|Long|Int|Short|Char|Byte|Bool)Tensor$/;

/** Whether tensors of a class hold their elements as a plain tensor does. */
export function isTensorClass(name: string): boolean {
  return TENSOR_CLASSES.has(name) || TYPED_TENSOR_CLASS.test(name);
}

/** What torch's own functions that make tensors are called. */
export const REBUILD = /^torch\.(_utils|_tensor)\._rebuild_\w+$/;

/** Layouts, and schemes of quantisation. */
const TORCH_CONSTANTS = /^torch\.(strided|sparse_\w+|per_(tensor|channel)_\w+)$/;

/** Whether this package knows what a name stands for, if only to refuse the tensor it makes. */
export function isKnownGlobal(global: PickleGlobal): boolean {
  const name = nameOfGlobal(global) as string;
  if (/^torch\b/.test(name) && storageType(global.name) !== undefined) return true;
  return (
    [DICT_CLASSES, LIST_CLASSES, VALUE_MAKERS].some((names) => names.has(name)) ||
    isTensorClass(name) ||
    REBUILD.test(name) ||
    TORCH_CONSTANTS.test(name) ||
    elementTypeNamed(name) !== undefined
  );
}
