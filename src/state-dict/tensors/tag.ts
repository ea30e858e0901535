/**
 * `Uint8Array`, `Map`, `Null`, ...: the class of a built-in value by its tag, which unlike `instanceof` knows the
 * values that another window, worker or `vm` context made, and counts a Buffer as the Uint8Array that it is.
 */
export function tagOf(value: unknown): string {
  return Object.prototype.toString.call(value).slice('[object '.length, -1);
}
