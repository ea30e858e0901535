/** What the names of missing and unexpected keys suggest. */

import { isWithinEditDistance } from '../../spelling.js';

/** Keras's weight names, after a dot or a slash, with or without TensorFlow's `:0`. */
const KERAS_NAME =
  /(?:^|[./])(?:kernel|recurrent_kernel|gamma|beta|moving_mean|moving_variance|embeddings)(?::0)?$/;

/** The weight that every cell has. */
const WEIGHT_IH = /(?:^|\.)weight_ih$/;

/** The projection of an LSTM. */
const PROJECTION = /(?:^|\.)weight_hr_l0$/;

/** A misspelling changes at most this many characters. */
const MAX_EDITS = 2;

/** A file chooses how many keys there are and how long: misspellings are looked for among so many, of such a length. */
const LIMITS = { missing: 8, unexpected: 1000, length: 200 };

/** Sentences about keys that belong to another framework or to another torch class. */
export function keyHints(missing: readonly string[], unexpected: readonly string[]): string[] {
  const [lacking, found] = [new Set(missing), new Set(unexpected)];
  const isCellOf = (keys: ReadonlySet<string>) => (name: string) =>
    WEIGHT_IH.test(name) && keys.has(`${name}_l0`);
  const hint = (key: string | undefined, text: (key: string) => string): string[] =>
    key === undefined ? [] : [text(key)];
  return [
    ...hint(
      unexpected.find((name) => KERAS_NAME.test(name)),
      (key) => `"${key}" is a name Keras gives; a PyTorch state_dict has names such as "gru.weight_ih_l0".`,
    ),
    // Keys of a cell are those of a layer without its number.
    ...hint(
      unexpected.find(isCellOf(lacking)),
      (key) =>
        `"${key}" is of a cell (torch.nn.GRUCell, LSTMCell or RNNCell). Load it into a cell, or, where the PyTorch model runs it over a ` +
        `sequence with nothing between the steps, rename the keys, "${key}" to "${key}_l0" and so on.`,
    ),
    ...hint(
      missing.find(isCellOf(found)),
      (key) =>
        `"${key}_l0" is of a layer (torch.nn.GRU, LSTM or RNN). Load it into a layer, or, since a cell computes one step ` +
        `of its first layer, rename the keys, "${key}_l0" to "${key}" and so on.`,
    ),
    ...hint(
      unexpected.find((name) => PROJECTION.test(name)),
      (key) => `"${key}" is a projection, which only torch.nn.LSTM has (proj_size).`,
    ),
  ];
}

/** Whether the name of an unexpected key tells by itself where it is from. */
export function isToldByName(key: string): boolean {
  return KERAS_NAME.test(key) || PROJECTION.test(key);
}

/** A missing key and the unexpected one that it may be a misspelling of. */
export function misspellingHints(missing: readonly string[], unexpected: readonly string[]): string[] {
  return missing.slice(0, LIMITS.missing).flatMap((key) => {
    if (key.length > LIMITS.length) return [];
    const near = unexpected
      .filter((other) => Math.abs(key.length - other.length) <= MAX_EDITS)
      .slice(0, LIMITS.unexpected)
      .find((other) => isMisspelling(key, other));
    return near === undefined ? [] : [`"${key}" is missing, but there is "${near}".`];
  });
}

/** The keys differ by a few characters, none a digit or a dot: numbers and paths differ on purpose. */
function isMisspelling(key: string, other: string): boolean {
  return (
    key.replace(/[^\d.]/g, '') === other.replace(/[^\d.]/g, '') && isWithinEditDistance(MAX_EDITS, key, other)
  );
}
