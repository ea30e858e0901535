/** Orders paths as people count: `rnns.2` before `rnns.10`. safetensors files have their keys in the order of the letters. */
export function naturalOrder(a: string, b: string): number {
  const [partsA, partsB] = [partsOf(a), partsOf(b)];
  for (let i = 0; i < Math.min(partsA.length, partsB.length); i++) {
    const [x, y] = [partsA[i] as string, partsB[i] as string];
    if (x === y) continue;
    const difference = isNumber(x) && isNumber(y) ? Number(x) - Number(y) : 0;
    return difference || (x < y ? -1 : 1);
  }
  return partsA.length - partsB.length;
}

/** Digits and what stands between them. */
function partsOf(path: string): string[] {
  return path.split(/(\d+)/);
}

function isNumber(text: string): boolean {
  return /^\d+$/.test(text);
}

/** The paths nearest to `from` first: those that share most of its parts, of equal ones the first by number and name. */
export function byNearness(paths: readonly string[], from: string): string[] {
  const parts = from === '' ? [] : from.split('.');
  const shared = (path: string) => {
    const own = path.split('.', parts.length);
    const differs = parts.findIndex((part, i) => part !== own[i]);
    return differs === -1 ? parts.length : differs;
  };
  const counted = paths.map((path) => ({ path, count: shared(path) }));
  counted.sort((a, b) => b.count - a.count || naturalOrder(a.path, b.path));
  return counted.map(({ path }) => path);
}
