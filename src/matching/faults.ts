/** Everything wrong with a state_dict, as one error. */

import { showShape } from '../check.js';
import { StateDictError } from '../errors.js';
import { parentPath } from '../state-dict/keys.js';
import { keyHints, misspellingHints } from './hints/keys.js';

type Shape = readonly (number | null)[];

interface Mismatch {
  readonly key: string;
  readonly found: Shape;
  readonly expected: Shape;
  readonly remedy: string;
}

/** Two shapes agree; a null in `expected` agrees with any size but 0, which no layer is built for. */
export function shapeFits(found: Shape, expected: Shape): boolean {
  return (
    found.length === expected.length &&
    expected.every((size, i) => (size === null ? found[i] !== 0 : size === found[i]))
  );
}

/** So many paths are offered. */
const MAX_PATHS = 3;

/**
 * For keys that are missing where they were looked for, and present below each of `paths`.
 *
 * @param isStripped whether another prefix was dropped, so that leaving out `prefix` alone does not reach the root.
 */
export function prefixHint(paths: readonly string[], isStripped = false): string {
  if (paths.length === 1 && paths[0] === '')
    return `The missing keys are there as they stand: leave out ${isStripped ? 'prefix and stripPrefix' : 'prefix'}.`;
  const choices = paths.slice(0, MAX_PATHS).map((path) => `prefix: "${path}"`);
  const isCut = paths.length > choices.length;
  const list = `${choices.join(' or ')}${isCut ? `, or another of the ${paths.length}` : ''}`;
  return paths.length === 1
    ? `The missing keys are there below another path: pass ${list}.`
    : `The missing keys are there below ${paths.length} other paths, and the file does not tell which is meant: pass ${list}.`;
}

/** The first weight of a cell; that of a layer has `_l0` behind it. */
const WEIGHT_IH_OF_CELL = /(?:^|\.)weight_ih$/;

/** Whether names have the other kind of a recurrent module where one is wanted: a cell for a layer, or a layer for a cell. */
export function isOtherKind(wanted: readonly string[], isThere: (name: string) => boolean): boolean {
  return wanted.some((name) => {
    if (WEIGHT_IH_OF_CELL.test(name)) return isThere(`${name}_l0`);
    const cell = name.endsWith('_l0') ? name.slice(0, -'_l0'.length) : '';
    return WEIGHT_IH_OF_CELL.test(cell) && isThere(cell);
  });
}

/**
 * Collects everything wrong with a state_dict, so that one error reports all of it.
 *
 * The message begins as `torch.nn.Module.load_state_dict`'s does, word for word, because people search for it;
 * shapes print as `[14]` instead of `torch.Size([14])`, and hints follow.
 *
 * @see https://docs.pytorch.org/docs/stable/generated/torch.nn.Module.html#torch.nn.Module.load_state_dict
 */
export class Faults {
  readonly missing: string[] = [];
  readonly unexpected: string[] = [];
  readonly mismatched: Mismatch[] = [];
  /** Pairs of keys for one weight that hold different values. */
  readonly differing: (readonly [key: string, other: string])[] = [];
  private readonly hints = new Set<string>();
  private readonly explained = new Set<string>();

  /** A hint alone is not a fault. */
  get isAny(): boolean {
    return [this.missing, this.unexpected, this.mismatched, this.differing].some(({ length }) => length > 0);
  }

  /** Notes a tensor whose shape is not the layer's; `remedy` is a whole sentence. */
  mismatch(key: string, found: Shape, expected: Shape, remedy = ''): void {
    this.mismatched.push({ key, found, expected, remedy });
  }

  /** Adds a sentence for the reader. Keys that it explains get no guess at a misspelling or a transposition. */
  hint(text: string, explained: readonly string[] = []): void {
    this.hints.add(text);
    for (const key of explained) this.explained.add(key);
  }

  /** Takes the keys of these modules out of the unexpected ones: they are not of what was asked for, but modules of their own. */
  belongsElsewhere(paths: readonly string[]): void {
    const elsewhere = new Set(paths);
    const kept = this.unexpected.filter((key) => !elsewhere.has(parentPath(key)));
    this.unexpected.splice(0, this.unexpected.length, ...kept);
  }

  /** Whether a hint explains what is wrong with the key. */
  explains(key: string): boolean {
    return this.explained.has(key);
  }

  /** What was hinted, and what the key names themselves suggest. */
  allHints(): string[] {
    const unexplained = (keys: readonly string[]) => keys.filter((key) => !this.explains(key));
    const [missing, unexpected] = [unexplained(this.missing), unexplained(this.unexpected)];
    return [...this.hints, ...keyHints(missing, unexpected), ...misspellingHints(missing, this.unexpected)];
  }

  /** One error for all faults; `subject` is the class of the layer or model, as torch's message names the module. */
  toError(subject: string): StateDictError {
    const lines = [
      ...listKeys('Missing', this.missing),
      ...listKeys('Unexpected', this.unexpected),
      ...this.mismatched.map((mismatch) => describeMismatch(mismatch, this.explains(mismatch.key))),
      ...this.differing.map(
        ([key, other]) => `"${key}" and "${other}" are for one weight, but their values differ.`,
      ),
      ...this.allHints().map((hint) => `Hint: ${hint}`),
    ];
    return new StateDictError(
      `Error(s) in loading state_dict for ${subject}:\n\t${lines.join('\n\t')}`,
      this.missing,
      this.unexpected,
      [...this.mismatched.map(({ key }) => key), ...this.differing.flat()],
    );
  }
}

function listKeys(kind: string, keys: readonly string[]): string[] {
  if (keys.length === 0) return [];
  return [`${kind} key(s) in state_dict: ${keys.map((key) => `"${key}"`).join(', ')}. `];
}

function describeMismatch({ key, found, expected, remedy }: Mismatch, isExplained: boolean): string {
  const notes = [isExplained ? '' : transposeNote(found, expected), remedy].filter((note) => note !== '');
  const text = `size mismatch for ${key}: copying a param with shape ${showShape(found)} from checkpoint, the shape in current model is ${showShape(expected)}.`;
  return [text, ...notes].join(' ');
}

/** Sizes in reverse order: the file may be wrong, or the layer. */
function transposeNote(found: Shape, expected: Shape): string {
  if (found.length < 2 || !shapeFits([...found].reverse(), expected)) return '';
  return found.length > 2 || expected.includes(null)
    ? 'Is it transposed?'
    : 'Its sizes are exchanged: the weight is transposed (PyTorch has [out, in]), or the layer was made so.';
}
