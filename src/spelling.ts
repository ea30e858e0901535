/** Suggests the words that a misspelt one may stand for. */

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

/** More edits than this make another word. */
const MAX_EDITS = 2;

/** The choices with the fewest edits to `word`, at most two and fewer than half of its letters. */
export function nearest(word: string, choices: readonly string[]): string[] {
  const most = Math.min(MAX_EDITS, Math.ceil(word.length / 2) - 1);
  for (let edits = 0; edits <= most; edits++) {
    const found = choices.filter((choice) => isWithinEditDistance(edits, word, choice));
    if (found.length > 0) return found;
  }
  return [];
}

/** `Did you mean --force?`, with every choice that is as near; '' where none is near. */
export function didYouMean(word: string, choices: readonly string[], dashes = ''): string {
  const near = nearest(word, choices);
  return near.length === 0 ? '' : `Did you mean ${near.map((choice) => dashes + choice).join(' or ')}?`;
}
