import { show } from '../../../check.js';
import { type FormatCode, formatError } from '../../rules/format-codes.js';
import { MAX_RANK } from '../../rules/limits.js';
import type { TorchData, TorchDtype } from '../../tensors/tensor.js';
import { type Elements, elementsOf } from './elements.js';
import type { JsonReader } from './reader.js';

/** What a scalar or nested list holds, without its elements. */
export interface ListScan {
  /** Lengths of the lists at each depth, where the list is regular. */
  readonly shape: readonly number[];
  readonly scalars: number;
  /** Whether lists of one depth have one length, and all scalars are numbers or booleans. */
  readonly isRegular: boolean;
  readonly startsWithBoolean: boolean;
}

/** Reads past the scalar or nested list that comes next. */
export function scanList(reader: JsonReader): ListScan {
  let startsWithBoolean = false;
  const skip: Elements['put'] = (_, index, kind) => {
    if (index === 0) startsWithBoolean = kind === 'boolean';
    if (kind === 'number') reader.skipNumber();
    else reader.readBoolean();
    return true;
  };
  const list = new ListReader(reader, skip);
  list.readValue(0);
  const { shape, scalars, isRegular } = list;
  return { shape, scalars, isRegular, startsWithBoolean };
}

/**
 * Reads the scalar or nested list that comes next into one typed array, in row-major order.
 *
 * @param name  of the tensor, for messages.
 * @param scalars  how many scalars it holds.
 * @throws FormatError where the list is not regular, or an element is not a value of the dtype.
 */
export function readList(reader: JsonReader, name: string, dtype: TorchDtype, scalars: number): TorchData {
  const elements = elementsOf(dtype, scalars);
  if (!elements) {
    const rule = `base64 text for ${dtype}`;
    throw formatError('INVALID_TENSOR', 'json', `tensor ${show(name)} data`, rule, 'numbers');
  }
  new ListReader(reader, elements.put, { name, rule: elements.rule }).readValue(0);
  return elements.data;
}

/** The name of a tensor in messages, and the rule for its scalars. */
interface Asked {
  readonly name: string;
  readonly rule: string;
}

/** All elements at one depth are lists, or all are scalars. */
type Level = 'list' | 'number';

class ListReader {
  /** Length of the lists at each depth, by the first list of that depth. */
  readonly shape: number[] = [];
  scalars = 0;
  isRegular = true;

  private readonly levels: Level[] = [];
  /** Index of the element being read, at each depth. */
  private readonly path: number[] = [];

  constructor(
    private readonly reader: JsonReader,
    private readonly put: Elements['put'],
    /** Absent where a list that breaks a rule is read to its end. */
    private readonly asked?: Asked,
  ) {}

  readValue(depth: number): void {
    const kind = this.reader.kind();
    if (kind === 'list') {
      this.checkLevel(depth, 'list');
      this.readItems(depth);
    } else if (kind === 'number' || kind === 'boolean') {
      this.checkLevel(depth, 'number');
      if (!this.put(this.reader, this.scalars++, kind)) {
        this.refuse('INVALID_TENSOR', depth, this.asked?.rule, this.reader.tokenText());
      }
    } else {
      const remedy =
        kind === 'null'
          ? 'JSON.stringify writes NaN and Infinity as null: write NaN, Infinity or -Infinity, as Python does'
          : undefined;
      this.refuse('INVALID_TENSOR', depth, 'a number or a list', kind, remedy);
      this.reader.skipValue();
    }
  }

  private readItems(depth: number): void {
    if (depth === MAX_RANK) {
      this.refuse('TOO_LARGE', depth, `at most ${MAX_RANK} dimensions`, 'more');
    }
    const count = this.reader.readList((index) => {
      this.path[depth] = index;
      this.readValue(depth + 1);
    });
    this.shape[depth] ??= count;
    if (count === this.shape[depth]) return;
    const rule = `${this.shape[depth]} ${this.levels[depth + 1] ?? 'number'}s like its siblings`;
    this.refuse('INVALID_TENSOR', depth, rule, `${count}`);
  }

  private checkLevel(depth: number, level: Level): void {
    this.levels[depth] ??= level;
    if (this.levels[depth] === level) return;
    const rule = `a ${this.levels[depth]} like its siblings`;
    this.refuse('INVALID_TENSOR', depth, rule, `a ${level}`);
  }

  private refuse(code: FormatCode, depth: number, rule = '', got: string, remedy?: string): void {
    this.isRegular = false;
    if (this.asked === undefined) return;
    const indices = this.path.slice(0, depth).map((index) => `[${index}]`);
    throw formatError(code, 'json', `tensor ${show(this.asked.name)}${indices.join('')}`, rule, got, remedy);
  }
}
