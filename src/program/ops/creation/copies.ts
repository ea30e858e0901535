/** Copies and casts of a tensor, and checks of it. */

import type { Tensor } from '@tensorflow/tfjs-core';
import { expand } from '../../../nn/shape/expand.js';
import { isOnHost } from '../../../tfjs-internals/backends.js';
import { share } from '../../../tfjs-internals/data.js';
import { as, resultDtype } from '../shared/dtypes.js';
import { readNow } from '../shared/read-now.js';
import type { Call, OpFunction } from '../types.js';

/** The tensor itself: no op changes one, so that it is its own copy. */
const same = (self: Tensor) => self;

/** In the dtype of the result; devices, layouts and memory formats make no difference. */
const cast: OpFunction = (self: Tensor, ...rest: unknown[]) => as(self, resultDtype(rest.at(-1) as Call));

/** The same elements, on no tape. */
const detach = (self: Tensor) => share(self);

/** The elements of `source`, in the shape and dtype of self. */
function copy(self: Tensor, source: Tensor, _nonBlocking: boolean, call: Call): Tensor {
  const values = as(source, resultDtype(call));
  return expand(values, self.shape);
}

/** The one element of a tensor as a number. */
function item(self: Tensor, call: Call): number | boolean {
  const [value] = readNow(call, self);
  return self.dtype === 'bool' ? Boolean(value) : (value as number);
}

/** @throws RangeError where the value is 0, if it can be read without waiting for a device. */
function assertTensor(self: Tensor, text: string, call: Call): undefined {
  if (isOnHost(self)) assertValue(self.dataSync()[0] as number, text, call);
}

/** @throws RangeError where the value is false or 0, in the words of the model. */
function assertValue(value: number | boolean, text: string, call: Call): undefined {
  if (!value) throw new RangeError(`${call.where}: an assertion of the model fails: ${text}`);
}

const CASTS = 'bool non_blocking=False, bool copy=False, MemoryFormat? memory_format=None';
const OPTIONS = 'ScalarType? dtype=None, Layout? layout=None, Device? device=None, bool? pin_memory=None';

export const COPIES: Readonly<Record<string, OpFunction>> = {
  'aten::clone(Tensor self, *, MemoryFormat? memory_format=None) -> Tensor': same,
  'aten::alias(Tensor(a) self) -> Tensor(a)': same,
  'aten::contiguous(Tensor(a) self, *, MemoryFormat memory_format=0) -> Tensor(a)': same,
  'aten::resolve_conj(Tensor(a) self) -> Tensor(a)': same,
  'aten::resolve_neg(Tensor(a) self) -> Tensor(a)': same,
  'aten::lift_fresh(Tensor(a) self) -> Tensor(a)': same,
  'aten::lift_fresh_copy(Tensor self) -> Tensor': same,
  'aten::detach(Tensor(a) self) -> Tensor(a)': detach,
  'aten::detach_copy(Tensor self) -> Tensor': detach,
  [`aten::to.device(Tensor(a) self, Device device, ScalarType dtype, ${CASTS}) -> Tensor(a)`]: cast,
  [`aten::to.dtype(Tensor(a) self, ScalarType dtype, ${CASTS}) -> Tensor(a)`]: cast,
  [`aten::to.other(Tensor(a) self, Tensor other, ${CASTS}) -> Tensor(a)`]: cast,
  [`aten::to.dtype_layout(Tensor(a) self, *, ${OPTIONS}, ${CASTS}) -> Tensor(a)`]: cast,
  [`aten::_to_copy(Tensor self, *, ${OPTIONS}, bool non_blocking=False, MemoryFormat? memory_format=None) -> Tensor`]:
    cast,
  'aten::type_as(Tensor self, Tensor other) -> Tensor': cast,
  'aten::copy(Tensor self, Tensor src, bool non_blocking=False) -> Tensor': copy,
  'aten::item(Tensor self) -> Scalar': item,
  'aten::_local_scalar_dense(Tensor self) -> Scalar': item,
  // What it asserts was known when the model was exported.
  'aten::_assert_tensor_metadata(Tensor a, SymInt[]? size=None, SymInt[]? stride=None, ScalarType? dtype=None, *, Device? device=None, Layout? layout=None) -> ()':
    () => undefined,
  'aten::_assert_async(Tensor self) -> ()': (self: Tensor, call: Call) =>
    assertTensor(self, 'it has no message', call),
  'aten::_assert_async.msg(Tensor self, str assert_msg) -> ()': assertTensor,
  'aten::_assert_scalar(Scalar self, str assert_msg) -> ()': assertValue,
  // Ranges of a size are checked where it is used.
  'aten::sym_constrain_range(Scalar size, *, int? min=None, int? max=None) -> ()': () => undefined,
  'aten::sym_constrain_range_for_size(Scalar size, *, int? min=None, int? max=None) -> ()': () => undefined,
};
