/** Backslashes in texts that Python wrote: in the lines of pickles, and in the headers of NumPy's files. */

const SIMPLE: Readonly<Record<string, string>> = {
  '\\': '\\',
  "'": "'",
  '"': '"',
  a: '\x07',
  b: '\b',
  f: '\f',
  n: '\n',
  r: '\r',
  t: '\t',
  v: '\v',
  '\n': '',
};

const BYTE_ESCAPE = /\\(x[0-9a-fA-F]{2}|[0-7]{1,3}|[\s\S])/g;
/** A backslash before another is no escape, and neither is the other. */
const UNICODE_ESCAPE = /\\(u[0-9a-fA-F]{4}|U[0-9a-fA-F]{8}|[\s\S])/g;

/**
 * A text without its escapes. One that Python does not know stays as it is.
 *
 * @param kind  `bytes`: those of a str of Python 2, `unicode`: `\u` and `\U` alone, as the protocols 0 and 1 write them.
 */
export function unescaped(text: string, kind: 'bytes' | 'unicode'): string {
  if (!text.includes('\\')) return text;
  if (kind === 'unicode')
    return text.replace(UNICODE_ESCAPE, (whole, code: string) =>
      code.length > 1 ? character(code.slice(1), whole) : whole,
    );
  return text.replace(BYTE_ESCAPE, (whole, code: string) => {
    if (code[0] === 'x' && code.length === 3) return String.fromCharCode(Number.parseInt(code.slice(1), 16));
    if (/^[0-7]/.test(code)) return String.fromCharCode(Number.parseInt(code, 8) & 0xff);
    return SIMPLE[code] ?? whole;
  });
}

function character(digits: string, whole: string): string {
  const code = Number.parseInt(digits, 16);
  return code <= 0x10ffff ? String.fromCodePoint(code) : whole;
}
