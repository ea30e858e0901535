/** What a load tells of results that may differ from PyTorch's. */

import { checkFunction } from '../../check.js';
import type { TorchTensor } from '../../state-dict/tensors/tensor.js';

/** Takes the warnings of one load, a sentence each. */
export type OnWarnings = (warnings: readonly string[]) => void;

/** Throws TypeError unless `onWarnings` is a function or absent. */
export function checkOnWarnings(where: string, onWarnings: unknown): void {
  if (onWarnings !== undefined) checkFunction(where, 'onWarnings', onWarnings);
}

/** Hands all warnings to the caller at once, or prints them, so that nobody misses them; calls nothing where there are none. */
export function tellWarnings(
  where: string,
  warnings: readonly string[],
  onWarnings: OnWarnings = (all) => console.warn(all.map((text) => `${where}: ${text}`).join('\n')),
): void {
  if (warnings.length > 0) onWarnings(warnings);
}

/** The warning of finite F64 values that float32 does not reach; none for other tensors. */
export function overflowWarnings(key: string, { dtype, data }: TorchTensor, values: Float32Array): string[] {
  const overflows =
    dtype === 'F64' &&
    values.some((value, i) => Math.abs(value) === Infinity && Number.isFinite(data[i] as number));
  return overflows ? [`tensor "${key}": F64 values beyond the range of float32 became infinite.`] : [];
}
