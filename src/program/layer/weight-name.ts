/**
 * The characters that tfjs refuses in the name of a weight, or at its beginning, the slash, which parts the names of layers, and what
 * looks as these are written, so that two names never become one.
 */
const FOREIGN = /^[^A-Za-z0-9]|[^\w.-]|u(?=[0-9a-f]+-)/g;

/** torch's name of a parameter, in which such characters are written as their numbers. */
export function weightName(name: string): string {
  return name.replace(FOREIGN, (character) => `u${character.charCodeAt(0).toString(16)}-`);
}
