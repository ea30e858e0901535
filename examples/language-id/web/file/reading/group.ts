/** Cuts a list into groups of at most so many bytes; an item that is larger is a group of its own. */
export function groupByBytes<T>(items: readonly T[], bytesOf: (item: T) => number, most: number): T[][] {
  const groups: T[][] = [];
  let left = 0;
  for (const item of items) {
    const bytes = bytesOf(item);
    const last = groups.at(-1);
    if (last !== undefined && bytes <= left) {
      last.push(item);
      left -= bytes;
    } else {
      groups.push([item]);
      left = most - bytes;
    }
  }
  return groups;
}
