/** Changes bytes in ways that are likely to pass one check and break the next. */

import type { Random } from '../../support/random.js';

/** A file of the same or another kind, from which a part may be copied. */
export type Donor = () => Uint8Array;

type Mutation = (bytes: Uint8Array, random: Random, donor: Donor) => Uint8Array;

/** Counts and offsets at the limits of signed and unsigned integers, doubles and memory. */
const EDGES: readonly bigint[] = [
  0n,
  1n,
  2n,
  7n,
  8n,
  0x7fn,
  0x80n,
  0xffn,
  0x7fffn,
  0xffffn,
  0x7fffffffn,
  0x80000000n,
  0xffffffffn,
  2n ** 53n - 1n,
  2n ** 53n,
  2n ** 63n - 1n,
  2n ** 63n,
  2n ** 64n - 1n,
];

const MUTATIONS: readonly Mutation[] = [
  flipBit,
  setByte,
  setNumber,
  setNumber,
  truncate,
  cut,
  insert,
  copyPart,
  copyPart,
  overwritePart,
];

const LONGEST_PART = 64;
const MOST_MUTATIONS = 4;

/** Makes one to four changes, mostly one. */
export function mutated(bytes: Uint8Array, random: Random, donor: Donor = () => bytes): Uint8Array {
  let changed = bytes;
  for (let count = 1; ; count++) {
    changed = random.pick(MUTATIONS)(changed, random, donor);
    if (count === MOST_MUTATIONS || random.chance(0.6)) return changed;
  }
}

/** The bytes with `[at, at + removed)` replaced. */
export function spliced(bytes: Uint8Array, at: number, removed: number, put: Uint8Array): Uint8Array {
  const rest = bytes.subarray(Math.min(at + removed, bytes.length));
  const changed = new Uint8Array(at + put.length + rest.length);
  changed.set(bytes.subarray(0, at));
  changed.set(put, at);
  changed.set(rest, at + put.length);
  return changed;
}

function flipBit(bytes: Uint8Array, random: Random): Uint8Array {
  const changed = bytes.slice();
  if (bytes.length > 0) changed[random.integer(0, bytes.length - 1)] ^= 1 << random.integer(0, 7);
  return changed;
}

function setByte(bytes: Uint8Array, random: Random): Uint8Array {
  const changed = bytes.slice();
  if (bytes.length > 0) changed[random.integer(0, bytes.length - 1)] = random.integer(0, 255);
  return changed;
}

/** Replaces a number of 2, 4 or 8 bytes by a limit, or changes it a little. */
function setNumber(bytes: Uint8Array, random: Random): Uint8Array {
  const size = random.pick([2, 4, 8]);
  if (bytes.length < size) return flipBit(bytes, random);
  const changed = bytes.slice();
  const number = changed.subarray(random.integer(0, bytes.length - size)).subarray(0, size);
  const isBigEndian = random.chance(0.2);
  if (isBigEndian) number.reverse();
  const word = Buffer.alloc(8);
  word.set(number);
  const nudged = word.readBigUInt64LE() + BigInt(random.integer(-3, 3));
  word.writeBigUInt64LE(BigInt.asUintN(64, random.chance(0.5) ? nudged : random.pick(EDGES)));
  number.set(word.subarray(0, size));
  if (isBigEndian) number.reverse();
  return changed;
}

function truncate(bytes: Uint8Array, random: Random): Uint8Array {
  return bytes.slice(0, random.integer(0, Math.max(0, bytes.length - 1)));
}

function cut(bytes: Uint8Array, random: Random): Uint8Array {
  return spliced(bytes, random.integer(0, bytes.length), random.integer(1, LONGEST_PART), new Uint8Array(0));
}

function insert(bytes: Uint8Array, random: Random): Uint8Array {
  const isRandom = random.chance(0.5);
  const put = Uint8Array.from({ length: random.integer(1, 8) }, () =>
    isRandom ? random.integer(0, 255) : 0,
  );
  return spliced(bytes, random.integer(0, bytes.length), 0, put);
}

/** Copies a part of this file or of another to another place. */
function copyPart(bytes: Uint8Array, random: Random, donor: Donor): Uint8Array {
  return spliced(
    bytes,
    random.integer(0, bytes.length),
    0,
    partOf(random.chance(0.5) ? bytes : donor(), random),
  );
}

function overwritePart(bytes: Uint8Array, random: Random, donor: Donor): Uint8Array {
  const part = partOf(random.chance(0.5) ? bytes : donor(), random);
  return spliced(bytes, random.integer(0, bytes.length), part.length, part);
}

function partOf(bytes: Uint8Array, random: Random): Uint8Array {
  const begin = random.integer(0, bytes.length);
  return bytes.subarray(begin, begin + random.integer(1, LONGEST_PART));
}
