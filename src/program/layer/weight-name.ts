/** The characters that tfjs refuses in the name of a weight, or at its beginning, and the slash, which parts the names of layers. */
const FOREIGN = /^[^A-Za-z0-9]|[^\w.-]/g;

/** torch's name of a parameter, in which such characters are written as their numbers. */
export function weightName(name: string): string {
  return name.replace(FOREIGN, (character) => `u${character.charCodeAt(0).toString(16)}-`);
}
