/** The word that somebody who misspelt one meant. */

/** More edits than this make another word. */
const MAX_EDITS = 2;

/** The choice with the fewest edits to `word`, at most two and fewer than half of its letters; undefined if there is none. */
export function nearest(word: string, choices: readonly string[]): string | undefined {
  const most = Math.min(MAX_EDITS, Math.ceil(word.length / 2) - 1);
  let best: string | undefined;
  let fewest = most + 1;
  for (const choice of choices) {
    if (Math.abs(choice.length - word.length) > most) continue;
    const edits = editDistance(word, choice);
    if (edits < fewest) [best, fewest] = [choice, edits];
  }
  return best;
}

/** Letters inserted, deleted or replaced (Levenshtein). */
function editDistance(a: string, b: string): number {
  let row = Array.from({ length: b.length + 1 }, (_, j) => j);
  for (let i = 1; i <= a.length; i++) {
    const next = [i];
    for (let j = 1; j <= b.length; j++) {
      const replaced = (row[j - 1] as number) + (a[i - 1] === b[j - 1] ? 0 : 1);
      next.push(Math.min((row[j] as number) + 1, (next[j - 1] as number) + 1, replaced));
    }
    row = next;
  }
  return row[b.length] as number;
}
