/** The characters that tfjs takes in the name of a weight, but for the slash, which parts the names of layers. */
const FOREIGN = /[^\w.-]/g;

/** torch's name of a parameter, in which characters that tfjs refuses are written as their numbers. */
export function weightName(name: string): string {
  return name.replace(FOREIGN, (character) => `-u${character.charCodeAt(0).toString(16)}-`);
}
