import { showShape } from '../check.js';
import { StateDictError } from '../errors.js';

type Shape = readonly (number | null)[];

interface Mismatch {
  readonly key: string;
  readonly found: Shape;
  readonly expected: Shape;
  readonly remedy: string;
}

/** Keras's weight names, after a dot or a slash, with or without TensorFlow's `:0`. */
const KERAS_NAME =
  /(?:^|[./])(?:kernel|recurrent_kernel|gamma|beta|moving_mean|moving_variance|embeddings)(?::0)?$/;

/** A typing slip changes at most this many characters. */
const SLIP = 2;

/** Two shapes agree; a null in `expected` agrees with any size. */
export function shapeFits(found: Shape, expected: Shape): boolean {
  return found.length === expected.length && expected.every((size, i) => size === null || size === found[i]);
}

/** For keys that are missing where they were looked for, and present below each of `paths`. */
export function prefixHint(paths: readonly string[]): string {
  const choices = paths.slice(0, 3).map((path) => `prefix: "${path}"`);
  return `The missing keys are there below another path: pass ${choices.join(' or ')}.`;
}

/**
 * Collects everything wrong with a state_dict, so that one error tells it all at once.
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
  private readonly hints = new Set<string>();

  /** A hint alone is no fault. */
  get isAny(): boolean {
    return this.missing.length + this.unexpected.length + this.mismatched.length > 0;
  }

  /** Notes a tensor whose shape is not the layer's; `remedy` is a whole sentence. */
  mismatch(key: string, found: Shape, expected: Shape, remedy = ''): void {
    this.mismatched.push({ key, found, expected, remedy });
  }

  /** Adds a sentence for the reader; the same sentence is told once. */
  hint(text: string): void {
    this.hints.add(text);
  }

  /** What was hinted, and what the key names themselves suggest. */
  allHints(): string[] {
    return [...this.hints, ...kerasHint(this.unexpected), ...nearMissHints(this.missing, this.unexpected)];
  }

  /** One error for all faults; `subject` is the class of the layer or model, as torch's message names the module. */
  toError(subject: string): StateDictError {
    const lines = [
      ...listKeys('Missing', this.missing),
      ...listKeys('Unexpected', this.unexpected),
      ...this.mismatched.map(describeMismatch),
      ...this.allHints().map((hint) => `Hint: ${hint}`),
    ];
    return new StateDictError(
      `Error(s) in loading state_dict for ${subject}:\n\t${lines.join('\n\t')}`,
      this.missing,
      this.unexpected,
      this.mismatched.map(({ key }) => key),
    );
  }
}

function listKeys(kind: string, keys: readonly string[]): string[] {
  if (keys.length === 0) return [];
  return [`${kind} key(s) in state_dict: ${keys.map((key) => `"${key}"`).join(', ')}. `];
}

function describeMismatch({ key, found, expected, remedy }: Mismatch): string {
  const transposed = found.length > 1 && shapeFits([...found].reverse(), expected);
  const notes = [transposed ? 'Is it transposed?' : '', remedy].filter((note) => note !== '');
  const text = `size mismatch for ${key}: copying a param with shape ${showShape(found)} from checkpoint, the shape in current model is ${showShape(expected)}.`;
  return [text, ...notes].join(' ');
}

function kerasHint(unexpected: readonly string[]): string[] {
  const key = unexpected.find((name) => KERAS_NAME.test(name));
  if (key === undefined) return [];
  return [`"${key}" is a name Keras gives; a PyTorch state_dict has names such as "gru.weight_ih_l0".`];
}

function nearMissHints(missing: readonly string[], unexpected: readonly string[]): string[] {
  // A few slips are worth naming; comparing thousands of keys with thousands is not worth the time.
  return missing.slice(0, 8).flatMap((key) => {
    const near = unexpected.find((other) => isSlip(key, other));
    return near === undefined ? [] : [`"${key}" is missing, but there is "${near}".`];
  });
}

/** The keys differ by one or two characters, none a digit or a dot: numbers and paths differ on purpose. */
function isSlip(key: string, other: string): boolean {
  if (Math.abs(key.length - other.length) > SLIP) return false;
  if (key.replace(/[^\d.]/g, '') !== other.replace(/[^\d.]/g, '')) return false;
  return editDistance(key, other) <= SLIP;
}

/** Levenshtein's distance, one row at a time. */
function editDistance(a: string, b: string): number {
  let row = Array.from({ length: b.length + 1 }, (_, j) => j);
  for (let i = 1; i <= a.length; i++) {
    const next = [i];
    for (let j = 1; j <= b.length; j++) {
      const substitution = row[j - 1] + (a[i - 1] === b[j - 1] ? 0 : 1);
      next.push(Math.min(substitution, row[j] + 1, next[j - 1] + 1));
    }
    row = next;
  }
  return row[b.length];
}
