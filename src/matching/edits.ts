/** Whether so many characters inserted, deleted or replaced make `b` of `a`: Levenshtein's distance, up to a few. */
export function isWithin(edits: number, a: string, b: string): boolean {
  let same = 0;
  while (same < a.length && a[same] === b[same]) same++;
  const [restA, restB] = [a.slice(same), b.slice(same)];
  if (restA === restB) return true;
  if (edits === 0) return false;
  return (
    isWithin(edits - 1, restA.slice(1), restB.slice(1)) ||
    isWithin(edits - 1, restA.slice(1), restB) ||
    isWithin(edits - 1, restA, restB.slice(1))
  );
}
