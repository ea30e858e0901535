// @ts-check
// Reads what a compiler has written for the functions that hold the hot loops: whether one stores vectors where it should only sum.

/** Names of functions with one hot loop: tiles of a product, and rows of several panels. The compiler may add to a name. */
const HOT = /^_?(tile|row|panels)_\w+/;

/**
 * What the loops of an architecture look like, by its instructions: those that sum, and those that store a register of vectors.
 * AT&T's syntax has the destination last; a place in memory has a parenthesis there, and a bracket on ARM.
 */
const INSTRUCTIONS = {
  x64: {
    sums: /^(vfn?madd\w+ps|addps)\b/,
    stores: /^v?(mov|extract|push)\w*\s+.*%[xyz]mm\d+,\s*[^,]*\([^)]*\)$/,
  },
  arm64: { sums: /^fmla\b/, stores: /^st(ur|p|np|1|r)\b\s+\{?\s*[bhsdqv]\d+.*\[/ },
};

/**
 * @typedef {{ readonly name: string, readonly fault: string | undefined }} HotFunction its first fault
 */

/**
 * @param {string} text assembly
 * @param {keyof typeof INSTRUCTIONS} arch
 * @returns {HotFunction[]} the functions with hot loops, in order
 */
export function hotFunctions(text, arch) {
  return functionsOf(text)
    .filter(({ name }) => HOT.test(name))
    .map(({ name, lines }) => ({ name, fault: faultOf(lines, INSTRUCTIONS[arch]) }));
}

/** @param {string} text */
function functionsOf(text) {
  /** @type {{ name: string, lines: string[] }[]} */
  const functions = [];
  for (const line of text.split('\n')) {
    const code = line.replace(/\s*(#|\/\/|;).*$/, '').trimEnd();
    const [, name] = /^([A-Za-z_]\S*):$/.exec(code) ?? [];
    if (name !== undefined) functions.push({ name, lines: [] });
    else if (code !== '') functions.at(-1)?.lines.push(code.trim());
  }
  return functions;
}

/**
 * @param {readonly string[]} lines of a function
 * @param {(typeof INSTRUCTIONS)['x64']} instructions
 */
function faultOf(lines, { sums, stores }) {
  const loops = innermostLoops(lines).filter((loop) => loop.some((line) => sums.test(line)));
  if (loops.length === 0) return 'it has no loop that multiplies and adds';
  const store = loops.flat().find((line) => stores.test(line));
  return store === undefined ? undefined : `its loop stores a vector: ${store.replace(/\s+/g, ' ')}`;
}

/** @param {readonly string[]} lines @returns {string[][]} what lies between a label and a jump back to it, with no such jump inside */
function innermostLoops(lines) {
  /** @type {{ begin: number, end: number }[]} */
  const loops = [];
  for (const [end, line] of lines.entries()) {
    const [, label] = /^(?:j\w+|b\.?\w*|cbn?z|tbn?z)\s+(?:.*,\s*)?(\.?L\w+)$/.exec(line) ?? [];
    const begin = label === undefined ? -1 : lines.lastIndexOf(`${label}:`, end);
    if (begin >= 0 && !loops.some((inner) => inner.begin >= begin)) loops.push({ begin, end });
  }
  return loops.map(({ begin, end }) => lines.slice(begin, end));
}
