/** The names of classes and functions that this package knows in files of torch's. */

import { isKnownArrayName } from '../../numpy/pickled.js';
import { asKind, type PickleCall, type PickleGlobal, type PickleValue } from '../../pickle/values.js';
import { elementTypeNamed, storageType } from './dtypes.js';

/** `module.name` of a class or function, the module by its name in Python 3; undefined for every other value. */
export function nameOfGlobal(value: PickleValue | undefined): string | undefined {
  return asKind(value, 'global')?.fullName;
}

/** Functions whose results are what they are called with. */
const PLAIN_MAKERS = [
  '_codecs.encode',
  'builtins.bytearray',
  'builtins.bytes',
  'builtins.complex',
  'builtins.frozenset',
  'builtins.set',
  'builtins.tuple',
  'torch.Size',
];

/** Whether the result of a call is made of its arguments alone, and of no items that are added later. */
export function makesPlainValue({ callable }: PickleCall): boolean {
  return PLAIN_MAKERS.includes(nameOfGlobal(callable) ?? '');
}

/** Classes and functions of Python's and torch's that make no tensor. */
const VALUE_MAKERS: ReadonlySet<string> = new Set([
  ...PLAIN_MAKERS,
  'builtins.dict',
  'builtins.list',
  'builtins.object',
  'collections.Counter',
  'collections.OrderedDict',
  'collections.defaultdict',
  'collections.deque',
  'copyreg._reconstructor',
  'torch.device',
  'torch.serialization._get_layout',
  'torch.storage._load_from_bytes',
]);

const TENSOR_CLASSES: ReadonlySet<string> = new Set([
  'torch.Tensor',
  'torch._tensor.Tensor',
  'torch.tensor.Tensor',
  'torch.autograd.variable.Variable',
  'torch.nn.parameter.Buffer',
  'torch.nn.parameter.Parameter',
]);

/** Old versions had a class for each dtype. */
const TYPED_TENSOR_CLASS =
  /^torch\.(cuda\.)?(Double|Float|Half|BFloat16|Long|Int|Short|Char|Byte|Bool)Tensor$/;

/** Whether tensors of a class are plain tensors. */
export function isTensorClass(name: string): boolean {
  return TENSOR_CLASSES.has(name) || TYPED_TENSOR_CLASS.test(name);
}

/** The functions of torch that make tensors; `torch.tensor` is the old name of `torch._tensor`. */
export const REBUILD = /^torch\.(_utils|_tensor|tensor)\._rebuild_\w+$/;

/** Layouts, and quantisation schemes. */
const TORCH_CONSTANTS = /^torch\.(strided|sparse_\w+|per_(tensor|channel)_\w+)$/;

/** Whether this package knows a name, if only to refuse the tensor that it makes. */
export function isKnownGlobal({ name: className, fullName: name }: PickleGlobal): boolean {
  if (/^torch\b/.test(name) && storageType(className) !== undefined) return true;
  return (
    VALUE_MAKERS.has(name) ||
    isKnownArrayName(name) ||
    isTensorClass(name) ||
    REBUILD.test(name) ||
    TORCH_CONSTANTS.test(name) ||
    elementTypeNamed(name) !== undefined
  );
}
