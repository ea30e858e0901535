import { show } from '../../../check.js';
import { type FormatCode, formatError } from '../../rules/format-codes.js';
import { MAX_RANK } from '../../rules/limits.js';
import type { TorchData, TorchDtype } from '../../tensors/tensor.js';
import { type Elements, elementsOf } from './elements.js';
import type { JsonKind, JsonReader } from './reader.js';

/** Shape and elements of a list as `tensor.tolist()` nests it. */
export interface ListTensor {
  readonly shape: number[];
  readonly data: TorchData;
}

/** What the elements of a list at one depth are. */
type Level = 'list' | 'scalar';

/**
 * Reads the scalar or nested list that comes next into one typed array.
 *
 * @param scalars  how many scalars it holds, known from an earlier pass: the array is allocated once, and never larger
 *   than a few times the text.
 */
export function readListTensor(
  reader: JsonReader,
  name: string,
  dtype: TorchDtype,
  scalars: number,
): ListTensor {
  const elements = elementsOf(dtype, scalars);
  if (!elements) {
    const rule = `base64 text for ${dtype}`;
    throw formatError('INVALID_TENSOR', 'json', `tensor ${show(name)} data`, rule, 'numbers');
  }
  const list = new ListReader(reader, name, elements);
  list.readValue(0);
  return { shape: list.shape, data: elements.data };
}

class ListReader {
  /** Length of the lists at each depth; set by the first list of that depth to end. */
  readonly shape: number[] = [];

  private readonly levels: Level[] = [];
  /** Index of the element being read, at each depth. */
  private readonly path: number[] = [];
  private written = 0;

  constructor(
    private readonly reader: JsonReader,
    private readonly name: string,
    private readonly elements: Elements,
  ) {}

  readValue(depth: number): void {
    const kind = this.reader.kind();
    if (kind === 'list') {
      this.checkLevel(depth, 'list');
      this.readList(depth);
    } else if (kind === 'number' || kind === 'boolean') {
      this.checkLevel(depth, 'scalar');
      if (this.elements.put(this.reader, this.written)) this.written++;
      else throw this.fail('INVALID_ELEMENT', depth, this.elements.rule, this.reader.tokenText());
    } else {
      throw this.refusal(kind, depth);
    }
  }

  private readList(depth: number): void {
    if (depth === MAX_RANK) throw this.fail('TOO_DEEP', depth, `at most ${MAX_RANK} dimensions`, 'more');
    const count = this.reader.readList((index) => {
      this.path[depth] = index;
      this.readValue(depth + 1);
    });
    this.shape[depth] ??= count;
    if (count === this.shape[depth]) return;
    const noun = this.levels[depth + 1] === 'list' ? 'lists' : 'numbers';
    throw this.fail('RAGGED_LIST', depth, `${this.shape[depth]} ${noun} like its siblings`, `${count}`);
  }

  /** All elements of one depth are lists, or all are scalars. */
  private checkLevel(depth: number, level: Level): void {
    this.levels[depth] ??= level;
    if (this.levels[depth] === level) return;
    const noun = (is: Level): string => (is === 'list' ? 'a list' : 'a number');
    throw this.fail('RAGGED_LIST', depth, `${noun(this.levels[depth])} like its siblings`, noun(level));
  }

  private refusal(kind: JsonKind, depth: number): Error {
    if (kind !== 'null') return this.fail('INVALID_ELEMENT', depth, 'a number or a list', kind);
    const remedy =
      'JSON.stringify writes NaN and Infinity as null: write NaN, Infinity or -Infinity, as Python does';
    return this.fail('INVALID_ELEMENT', depth, 'a number or a list', kind, remedy);
  }

  private fail(code: FormatCode, depth: number, rule: string, got: string, remedy?: string): Error {
    const place = this.path.slice(0, depth).map((index) => `[${index}]`);
    return formatError(code, 'json', `tensor ${show(this.name)}${place.join('')}`, rule, got, remedy);
  }
}
