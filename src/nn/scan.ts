import { concat, slice, type Tensor } from '@tensorflow/tfjs-core';

/**
 * Running results along an axis: `y[t] = x[0] o x[1] o ... o x[t]`, in log2(T) rounds of tf ops, each with its gradient. Call inside
 * `tidy`.
 *
 * @param values one tensor or several of one shape, which the operation takes together.
 * @param combine an associative operation, of results up to some step and of those after it.
 */
export function scan<T extends readonly Tensor[]>(
  values: T,
  axis: number,
  combine: (earlier: T, later: T) => T,
): T {
  const steps = (values[0] as Tensor).shape[axis] as number;
  const part = (list: T, begin: number, end: number) =>
    list.map((each) => {
      const begins = each.shape.map((_, i) => (i === axis ? begin : 0));
      const sizes = each.shape.map((size, i) => (i === axis ? end - begin : size));
      return slice(each, begins, sizes);
    }) as unknown as T;
  let result = values;
  for (let reach = 1; reach < steps; reach *= 2) {
    const first = part(result, 0, reach);
    const rest = combine(part(result, 0, steps - reach), part(result, reach, steps));
    result = first.map((head, i) => concat([head, rest[i] as Tensor], axis)) as unknown as T;
  }
  return result;
}
