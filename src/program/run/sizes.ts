/** Checks the tensors of a call against the sizes with which a program was exported. */

import { message, shortened, showShape } from '../../check.js';
import { showSizes } from '../graph/show-sizes.js';
import type { Size, SizeRange, TensorMeta } from '../graph/types.js';

/** torch writes a smallest size of 2 for every open size, and runs 0 and 1 too. */
const SMALLEST_BOUND = 2;

/** The sizes that symbols have in one call. */
export class Sizes {
  private readonly bySymbol = new Map<string, { readonly size: number; readonly input: string }>();

  /** @param ranges  of symbols. */
  constructor(
    private readonly where: string,
    private readonly ranges: ReadonlyMap<string, SizeRange>,
  ) {}

  /** @throws RangeError for a shape that differs from a frozen size, or from the same symbol elsewhere, or is outside of its range. */
  check(name: string, shape: readonly number[], meta: TensorMeta): void {
    const fits = shape.length === meta.shape.length;
    if (!fits) throw this.fault(name, shape, meta);
    for (const [axis, size] of meta.shape.entries()) this.checkSize(name, shape, axis, size, meta);
  }

  private checkSize(
    name: string,
    shape: readonly number[],
    axis: number,
    size: Size,
    meta: TensorMeta,
  ): void {
    const actual = shape[axis] as number;
    if (typeof size === 'number') {
      if (actual === size) return;
      throw this.fault(name, shape, meta, frozenRemedy(axis, size));
    }
    const known = this.bySymbol.get(size.symbol);
    if (known === undefined) {
      this.checkRange(name, shape, size.symbol, actual, meta);
      this.bySymbol.set(size.symbol, { size: actual, input: name });
    } else if (known.size !== actual)
      throw this.fault(
        name,
        shape,
        meta,
        `${shortened(size.symbol)} is ${known.size} in ${shortened(known.input)}`,
      );
  }

  private checkRange(
    name: string,
    shape: readonly number[],
    symbol: string,
    size: number,
    meta: TensorMeta,
  ): void {
    const { min, max } = this.ranges.get(symbol) ?? { min: 0, max: Number.POSITIVE_INFINITY };
    const isLess = size < min && min > SMALLEST_BOUND;
    if (!isLess && size <= max) return;
    throw this.fault(
      name,
      shape,
      meta,
      `The model was exported for ${shortened(symbol)} of ${isLess ? `${min} or more` : `at most ${max}`}`,
    );
  }

  private fault(name: string, shape: readonly number[], meta: TensorMeta, remedy?: string): RangeError {
    return new RangeError(
      message(this.where, shortened(name), `shape ${showSizes(meta)}`, showShape(shape), remedy),
    );
  }
}

/** The axes of every tensor that torch_rnn_export.export leaves open where nothing fixes them. */
const OPEN_AXES = 2;

/** What fixes a size in an export, and what to do about each. */
function frozenRemedy(axis: number, size: number): string {
  const fixed = `Axis ${axis} was fixed when the model was exported`;
  if (axis >= OPEN_AXES)
    return `${fixed}, as all behind the first two are without dynamic_shapes: where the model takes other sizes, export it with dynamic_shapes that name this axis too`;
  if (size === 1)
    return `${fixed}, since the sample had size 1 there: export it with torch_rnn_export.export and a sample of 2 or more on this axis`;
  return `${fixed}: by plain torch.export.export (torch_rnn_export.export leaves it open), by a Python loop over it (nn.GRU, nn.LSTM and nn.RNN take any number of steps), or by the model itself, which then takes no other size`;
}
