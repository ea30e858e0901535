/** A number of a command line. @throws RangeError that names the option. */
export function readNumber(what: string, text: string): number {
  return parse(what, text, /^\d+(\.\d+)?$/);
}

/** The same without a fraction. */
export function readCount(what: string, text: string): number {
  return parse(what, text, /^\d+$/);
}

function parse(what: string, text: string, form: RegExp): number {
  if (!form.test(text)) throw new RangeError(`${what}: expected a number, got "${text}"`);
  return Number(text);
}
