/** Pieces of TypeScript. */

/** A member of an options object; its value is code. */
export type Argument = readonly [name: string, value: string | number | boolean];

/** `{ name: 'fc', units: 5 }`. */
export function callText(args: readonly Argument[]): string {
  return `{ ${args.map(([name, value]) => `${name}: ${value}`).join(', ')} }`;
}
