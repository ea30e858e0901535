/** The results of PyTorch's that a command line names, of a model with several. */

import { message, show } from '../../check.js';
import type { ArrayFiles } from './arrays.js';
import { errorOf } from './compare.js';
import type { Expectation } from './judge.js';
import type { Answers } from './rounding.js';

const WHERE = 'verify';

/** The name of what the model returns, where no other stands before the file with PyTorch's. */
export const OUTPUT = '';

/** `NAME=FILE`; the `=` of a path or URL stands behind a separator. */
const NAMED = /^([^/\\:=]+)=(.+)$/s;

/**
 * Reads what `--expected` names.
 *
 * @throws RangeError where a name is given twice.
 */
export async function expectationsOf(texts: readonly string[], arrays: ArrayFiles): Promise<Expectation[]> {
  const expectations = await inOrder(texts, async (text): Promise<Expectation> => {
    const [, name = OUTPUT, file = text] = NAMED.exec(text) ?? [];
    const option = name === OUTPUT ? '--expected' : `--expected ${name}`;
    return { option, name, tensor: await arrays.read(option, file) };
  });
  const names = expectations.map(({ name }) => name);
  const twice = names.find((name, i) => names.indexOf(name) < i);
  if (twice !== undefined)
    throw new RangeError(
      message(
        WHERE,
        '--expected',
        'each name once',
        twice === OUTPUT ? 'two files without a name' : `${show(twice)} twice`,
      ),
    );
  return expectations;
}

/** One after the other: files are read once, and errors are told in the order of the words. */
export async function inOrder<T, R>(items: readonly T[], each: (item: T) => Promise<R>): Promise<R[]> {
  const results: R[] = [];
  for (const item of items) results.push(await each(item));
  return results;
}

/**
 * Compares two runs of one model.
 *
 * @param what  the model, in the message.
 * @throws Error where the second run gave other numbers.
 */
export function checkSame(what: string, remedy: string, first: Answers, second: Answers): void {
  for (const [name, { values }] of first) {
    const again = second.get(name)?.values ?? [];
    const isSame = Array.from(values).every((value, i) => errorOf(value, again[i]) === 0);
    if (isSame && values.length === again.length) continue;
    throw new Error(message(WHERE, what, 'the same numbers in each run', 'others', remedy));
  }
}
