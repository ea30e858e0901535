/**
 * The class of a built-in value by its tag: `Uint8Array`, `Map`, `Null`. Unlike `instanceof` it knows the values of another window,
 * worker or `vm` context, and a Buffer is a Uint8Array.
 */
export function tagOf(value: unknown): string {
  return Object.prototype.toString.call(value).slice('[object '.length, -1);
}
