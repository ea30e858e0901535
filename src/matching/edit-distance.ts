/** Whether Levenshtein's distance of `a` and `b` is at most `edits`, a small number: the time grows as 3^edits. */
export function isWithinEditDistance(edits: number, a: string, b: string): boolean {
  let same = 0;
  while (same < a.length && a[same] === b[same]) same++;
  const [restA, restB] = [a.slice(same), b.slice(same)];
  if (restA === restB) return true;
  if (edits === 0) return false;
  return (
    isWithinEditDistance(edits - 1, restA.slice(1), restB.slice(1)) ||
    isWithinEditDistance(edits - 1, restA.slice(1), restB) ||
    isWithinEditDistance(edits - 1, restA, restB.slice(1))
  );
}
