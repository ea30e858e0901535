/** The int of a decimal text, exact; undefined for other text. */
export function intOfText(text: string): number | bigint | undefined {
  return /^[+-]?\d+$/.test(text) ? narrowed(BigInt(text.replace('+', ''))) : undefined;
}

/** The float of a text as Python's `repr` writes it; undefined for other text. */
export function floatOfText(text: string): number | undefined {
  const special = SPECIAL_FLOATS.get(text);
  if (special !== undefined) return special;
  return /^[+-]?(\d+\.?\d*|\.\d+)(e[+-]?\d+)?$/i.test(text) ? Number(text) : undefined;
}

const SPECIAL_FLOATS = new Map([
  ['nan', Number.NaN],
  ['inf', Number.POSITIVE_INFINITY],
  ['-inf', Number.NEGATIVE_INFINITY],
]);

/** The int that bytes are, the lowest first, in two's complement. No bytes are 0. */
export function intOfBytes(bytes: Uint8Array): number | bigint {
  if (bytes.length === 0) return 0;
  const digits = Array.from(bytes, (byte) => byte.toString(16).padStart(2, '0')).reverse();
  const unsigned = BigInt(`0x${digits.join('')}`);
  return narrowed(BigInt.asIntN(8 * bytes.length, unsigned));
}

function narrowed(int: bigint): number | bigint {
  const number = Number(int);
  return Number.isSafeInteger(number) ? number : int;
}
