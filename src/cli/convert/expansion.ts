import { message } from '../../check.js';
import { expandedBytes, resolveLimits } from '../../state-dict/rules/limits.js';
import type { StateDict } from '../../state-dict/tensors/tensor.js';

const WHERE = 'convert';

/**
 * Checks what tensors take where each has bytes of its own, as in OUT. In IN many may be views of the same bytes, so that a file of a
 * megabyte could fill a disk.
 *
 * @throws RangeError where they take more than 256 MiB and 16 times the bytes that they share.
 */
export function checkCopies(stateDict: StateDict): void {
  const buffers = new Set<ArrayBufferLike>();
  let [shared, copied] = [0, 0];
  for (const { data } of stateDict.values()) {
    copied += data.byteLength;
    if (!buffers.has(data.buffer)) shared += data.buffer.byteLength;
    buffers.add(data.buffer);
  }
  const most = expandedBytes(shared, resolveLimits(WHERE));
  if (copied <= most) return;
  const rule = `at most ${most} bytes of tensors that share ${shared}`;
  throw new RangeError(message(WHERE, 'OUT', rule, `${copied}`, 'Take a part with --select'));
}
