/** What the examples of programs share: PyTorch's numbers, and how far one's own are from them. */

import * as tf from '@tensorflow/tfjs';
import { readStateDict, toTensor } from 'tfjs-torch-rnn';

/**
 * How far a number may be from PyTorch's, relative to the largest. Both follow from thousands of float32 operations, whose order differs.
 * Measured: 4e-7 at most.
 */
export const TOLERANCE = 1e-5;

/** The tensors that the Python of an example has stored. */
export async function readNumbers(name: string): Promise<(key: string) => tf.Tensor> {
  const numbers = await readStateDict(new URL(name, import.meta.url));
  return (key) => {
    const entry = numbers.get(key);
    if (entry === undefined) throw new Error(`${name}: expected a tensor ${JSON.stringify(key)}`);
    return toTensor(entry);
  };
}

/** Prints how far a tensor is from PyTorch's, and sets the exit code to 1 where that is too far. */
export function check(what: string, actual: tf.Tensor, expected: tf.Tensor): void {
  const [difference, largest] = tf.tidy(() => [
    tf.max(tf.abs(tf.sub(actual, expected))).dataSync()[0] as number,
    tf.max(tf.abs(expected)).dataSync()[0] as number,
  ]) as unknown as [number, number];
  const isClose = difference <= TOLERANCE * largest;
  console.log(
    `${isClose ? 'ok  ' : 'FAIL'} ${what} [${actual.shape}]: ${difference.toExponential(1)} from PyTorch's`,
  );
  if (!isClose) process.exitCode = 1;
}
