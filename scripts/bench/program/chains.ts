/** Programs of many small calls, and the same calls of tf by hand, each of which disposes its argument after its last use. */

import * as tf from '@tensorflow/tfjs';
import { type CallSpec, call, programBytes } from '../../../spec/support/program-files.js';
import type * as Program from '../../../src/program/index.js';
import { importBuilt } from '../built.js';
import type { Pair } from './pairs.js';

const { readExportedProgram } = await importBuilt<typeof Program>('program/index.js');

const LINKS = 100;
const [ROWS, SIZE] = [2, 8];

/** A link of a chain: calls from one tensor to the next, and the same by hand, which leaves its argument. */
export interface Chain {
  readonly name: string;
  /** Calls in all. */
  readonly nodes: number;
  readonly link: (from: string, i: number) => CallSpec[];
  readonly byHand: (x: tf.Tensor) => tf.Tensor;
}

const FLAT = [ROWS, SIZE];
const WIDE = [ROWS, 2, SIZE / 2];

export const CHAINS: readonly Chain[] = [
  {
    name: 'elementwise',
    nodes: 2 * LINKS,
    link: (from, i) => [
      call('aten.tanh.default', { self: from }, [`t${i}`, FLAT]),
      call('aten.add.Tensor', { self: `t${i}`, other: from }, [`y${i}`, FLAT]),
    ],
    byHand: (x) => {
      const t = tf.tanh(x);
      const y = tf.add(t, x);
      t.dispose();
      return y;
    },
  },
  {
    name: 'shapes',
    nodes: 3 * LINKS,
    link: (from, i) => [
      call('aten.view.default', { self: from, size: { as_ints: WIDE } }, [`t${i}`, WIDE]),
      call('aten.flatten.using_ints', { self: `t${i}`, start_dim: { as_int: 1 } }, [`u${i}`, FLAT]),
      call('aten.neg.default', { self: `u${i}` }, [`y${i}`, FLAT]),
    ],
    byHand: (x) => {
      const t = tf.reshape(x, WIDE);
      const u = tf.reshape(t, FLAT);
      const y = tf.neg(u);
      tf.dispose([t, u]);
      return y;
    },
  },
];

/** @throws Error where both compute different values. */
export async function openChain({ link, byHand }: Chain): Promise<Pair> {
  const from = (i: number) => (i === 0 ? 'x' : `y${i - 1}`);
  const calls = Array.from({ length: LINKS }, (_, i) => link(from(i), i)).flat();
  const program = await readExportedProgram(
    programBytes({ inputs: [['x', FLAT]], calls, outputs: [from(LINKS)] }),
  );
  const x = tf.randomNormal(FLAT, 0, 1, 'float32', 1);
  const runProgram = () => program.forward(x) as tf.Tensor;
  const runByHand = () => {
    let value = x;
    for (let i = 0; i < LINKS; i++) {
      const next = byHand(value);
      if (value !== x) value.dispose();
      value = next;
    }
    return value;
  };
  const results = [runProgram(), runByHand()] as const;
  const [own, hand] = await Promise.all(results.map((result) => result.data()));
  tf.dispose([...results]);
  if (!own?.every((value, i) => value === hand?.[i]))
    throw new Error('a chain computes something else than the same calls by hand');
  return {
    program: () => runProgram().dispose(),
    byHand: () => runByHand().dispose(),
    dispose: () => {
      program.dispose();
      x.dispose();
    },
  };
}
