/** Values of command line options; each function throws a RangeError that names the option. */

/** A number without a sign. */
export function readNumber(what: string, text: string): number {
  if (!/^\d+(\.\d+)?$/.test(text)) throw new RangeError(`${what}: expected a number, got "${text}"`);
  return Number(text);
}

/** An integer from `min` to `max`, both included. */
export function readInteger(what: string, text: string, min = 0, max = 999_999_999): number {
  const value = /^\d+$/.test(text) ? Number(text) : Number.NaN;
  if (value >= min && value <= max) return value;
  throw new RangeError(`${what}: expected an integer in ${min}..${max}, got "${text}"`);
}

/** Known names with commas between them. */
export function readNames<T extends string>(what: string, text: string, known: readonly T[]): T[] {
  return text.split(',').map((name) => readName(what, name, known));
}

/** One known name. */
export function readName<T extends string>(what: string, text: string, known: readonly T[]): T {
  const found = known.find((name) => name === text);
  if (found === undefined) throw new RangeError(`${what}: expected one of ${known.join()}, got "${text}"`);
  return found;
}
