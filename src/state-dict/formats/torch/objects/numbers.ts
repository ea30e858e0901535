/** Nested lists of numbers in a pickle: `{k: v.tolist() ...}`, which may be meant as tensors. */

import { MAX_RANK } from '../../../rules/limits.js';
import type { WorkBudget } from '../../../rules/work.js';
import { allocate, elementCount } from '../../../tensors/dtypes.js';
import type { TorchData, TorchDtype } from '../../../tensors/tensor.js';
import { OtherNode } from '../../nodes.js';
import { textOf } from '../../pickle/text.js';
import { asKind, type PickleList, type PickleValue } from '../../pickle/values.js';

/** Lists of one shape and kind of number; undefined of every other list. */
interface Regular {
  readonly shape: readonly number[];
  readonly dtype: TorchDtype;
}

type Numbers = Float32Array | Uint8Array;

/** A nested list of numbers, whose elements are read when they are asked for. */
class NumbersNode {
  readonly kind = 'numbers';

  constructor(
    private readonly list: PickleList,
    readonly tensor: Regular,
    private readonly lists: NumberLists,
  ) {}

  get text(): string {
    return textOf(this.list);
  }

  read(): TorchData {
    return this.lists.elements(this.list, this.tensor);
  }
}

/** A value that is no container: of a number also the number, for where the lists beside it are tensors. */
export class ScalarNode extends OtherNode<PickleValue> {
  readonly number?: number | boolean;

  constructor(value: PickleValue) {
    super(value, textOf);
    const number = asKind(value, 'float')?.value ?? value;
    if (typeof number === 'number' || typeof number === 'boolean') this.number = number;
  }
}

/** A copy of that many elements takes a step. */
const COPIED_PER_STEP = 1024;

/** Looks at each list once and reads its items once, however many lists it is in. */
export class NumberLists {
  private readonly known = new Map<PickleList, Regular | undefined>();
  /** The elements of lists that have been read, in the tensor that had them first. */
  private readonly copies = new Map<PickleList, Numbers>();

  constructor(private readonly work: WorkBudget) {}

  /**
   * The numbers in a list of them, or in lists of one shape. As in JSON text they are F32, and BOOL where all are True or False.
   * Undefined of any other value, and of an empty list.
   */
  nodeOf(value: PickleValue): NumbersNode | undefined {
    const list = asKind(value, 'list');
    const found = list && this.regular(list, 0);
    return list && found && new NumbersNode(list, found, this);
  }

  elements(value: PickleList, { shape, dtype }: Regular): TorchData {
    const data = allocate(dtype, elementCount(shape)) as Numbers;
    this.copyTo(data, 0, value);
    return data;
  }

  /** Returns where the elements end. */
  private copyTo(data: Numbers, begin: number, list: PickleList): number {
    const copied = this.copies.get(list);
    if (copied) {
      this.work.spend(1 + copied.length / COPIED_PER_STEP);
      data.set(copied, begin);
      return begin + copied.length;
    }
    let end = begin;
    for (const item of list.items) {
      const inner = asKind(item, 'list');
      if (inner) end = this.copyTo(data, end, inner);
      else data[end++] = Number(asKind(item, 'float')?.value ?? item);
    }
    this.copies.set(list, data.subarray(begin, end));
    return end;
  }

  private regular(value: PickleValue, depth: number): Regular | undefined {
    const list = asKind(value, 'list');
    if (list === undefined) return scalar(value);
    if (depth === MAX_RANK) return undefined;
    if (this.known.has(list)) return this.known.get(list);
    // A list inside itself is not known while it is looked at.
    this.known.set(list, undefined);
    const found = this.regularList(list, depth);
    this.known.set(list, found);
    return found;
  }

  private regularList({ items }: PickleList, depth: number): Regular | undefined {
    const first = items.length > 0 ? this.regular(items[0], depth + 1) : undefined;
    if (first === undefined) return undefined;
    this.work.spend(items.length);
    for (const item of items) {
      const next = this.regular(item, depth + 1);
      if (next?.dtype !== first.dtype || next.shape.length !== first.shape.length) return undefined;
      if (next.shape.some((size, axis) => size !== first.shape[axis])) return undefined;
    }
    const shape = [items.length, ...first.shape];
    return Number.isNaN(elementCount(shape)) ? undefined : { shape, dtype: first.dtype };
  }
}

const BOOLEAN: Regular = { shape: [], dtype: 'BOOL' };
const NUMBER: Regular = { shape: [], dtype: 'F32' };

function scalar(value: PickleValue): Regular | undefined {
  if (typeof value === 'boolean') return BOOLEAN;
  const isNumber =
    typeof value === 'number' || typeof value === 'bigint' || asKind(value, 'float') !== undefined;
  return isNumber ? NUMBER : undefined;
}
