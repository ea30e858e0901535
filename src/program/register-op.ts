import { checkFunction, message, show } from '../check.js';
import { parseSignature } from './ops/calls/schema.js';
import { addOp } from './ops/table.js';
import type { OpFunction } from './ops/types.js';

const WHERE = 'registerOp';

/**
 * Teaches the programs that are read afterwards an op, or another way to compute one: what `torch.library` has added in Python, or
 * what this package lacks. A program that was saved finds it when it is loaded.
 *
 * The function gets the arguments in the order of the signature with defaults filled in, then the {@link OpCall}: tensors, int64 as
 * int32, numbers, lists, null for None, dtypes as in a state_dict ('F32', 'I64'). It returns a tensor, a number, or a list of them, runs
 * inside `tf.tidy`, and neither disposes nor changes what it gets. It is differentiated as the ops of tf that it calls.
 *
 * @param signature  as `str(torch.ops.my.op.default._schema)` prints it: 'my::op(Tensor self, float eps=1e-5) -> Tensor'.
 * @throws TypeError for a wrong type, RangeError for text that is no signature.
 */
export function registerOp(signature: string, run: OpFunction): void {
  if (typeof signature !== 'string')
    throw new TypeError(message(WHERE, 'signature', 'a string', show(signature)));
  checkFunction(WHERE, 'run', run);
  try {
    parseSignature(signature);
  } catch (error) {
    const rule = "a signature of torch, such as 'my::op(Tensor self, float eps=1e-5) -> Tensor'";
    const remedy = 'str(torch.ops.my.op.default._schema) prints it';
    throw new RangeError(message(WHERE, 'signature', rule, show(signature), remedy), { cause: error });
  }
  addOp(signature, run);
}
