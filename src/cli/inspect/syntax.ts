/** Pieces of generated TypeScript. */

/** A member of an options object; its value is code. */
export type Argument = readonly [name: string, value: string | number | boolean];

/** `{ name: 'fc', units: 5 }`. */
export function callText(args: readonly Argument[]): string {
  return `{ ${args.map(([name, value]) => `${name}: ${value}`).join(', ')} }`;
}

/** Reserved words, and the names that the code around a variable uses. */
const TAKEN = new Set(
  (
    'await break case catch class const continue debugger default delete do else enum export extends false finally for ' +
    'function if implements import in instanceof interface let new null package private protected public return static ' +
    'super switch this throw true try typeof var void while with yield arguments eval undefined NaN Infinity ' +
    'tf stateDict loadStateDict readStateDict batchNorm groupNorm instanceNorm1d conv1d conv2d convTranspose1d convTranspose2d'
  ).split(' '),
);

/** A function that gives every module path a variable of its own: `encoder.gru` is `encoderGru`. */
export function identifierMaker(): (path: string) => string {
  const used = new Set<string>(TAKEN);
  const next = new Map<string, number>();
  return (path) => {
    const words = path.split(/[^A-Za-z0-9]+/).filter((word) => word !== '');
    const joined = words.map((word, i) => (i === 0 ? lowerFirst(word) : upperFirst(word))).join('');
    const base = joined === '' ? 'layer' : /^\d/.test(joined) ? `layer${joined}` : joined;
    // Any number of paths may give one name: counting on from the last number keeps the time linear.
    let name = base;
    for (let i = next.get(base) ?? 2; used.has(name); i++) {
      name = `${base}${i}`;
      next.set(base, i + 1);
    }
    used.add(name);
    return name;
  };
}

function lowerFirst(word: string): string {
  return word.slice(0, 1).toLowerCase() + word.slice(1);
}

function upperFirst(word: string): string {
  return word.slice(0, 1).toUpperCase() + word.slice(1);
}
