/** Sets of completion indexes in the form a status has them: `0-3,5,7,8`, ascending, without overlaps. */

export interface Interval {
  readonly first: number;
  readonly last: number;
}

export type Indexes = readonly Interval[];

export const NO_INDEXES: Indexes = [];

/** What cannot be read is left out, and what is not below `completions` is cut off: a job may have shrunk. */
export function parseIndexes(text: string | undefined, completions: number): Indexes {
  if (text === undefined || text === '') return NO_INDEXES;
  const found: Interval[] = [];
  for (const part of text.split(',')) {
    const [from = '', to = from] = part.split('-');
    if (!/^\d+$/.test(from) || !/^\d+$/.test(to)) continue;
    const first = Number(from);
    if (first >= completions) break;
    found.push({ first, last: Math.min(Number(to), completions - 1) });
  }
  return mergeIndexes(found, NO_INDEXES);
}

export function indexesOf(list: Iterable<number>): Indexes {
  const sorted = [...new Set(list)].toSorted((a, b) => a - b);
  return mergeIndexes(
    sorted.map((index) => ({ first: index, last: index })),
    NO_INDEXES,
  );
}

/** Both are ascending by their first. */
export function mergeIndexes(a: Indexes, b: Indexes): Indexes {
  const result: { first: number; last: number }[] = [];
  let [i, j] = [0, 0];
  while (i < a.length || j < b.length) {
    const next = j >= b.length || (i < a.length && a[i]!.first < b[j]!.first) ? a[i++]! : b[j++]!;
    const last = result.at(-1);
    if (last === undefined || next.first > last.last + 1) result.push({ ...next });
    else last.last = Math.max(last.last, next.last);
  }
  return result;
}

export const countIndexes = (indexes: Indexes): number => indexes.reduce((sum, { first, last }) => sum + last - first + 1, 0);

export function hasIndex(indexes: Indexes, index: number): boolean {
  let [low, high] = [0, indexes.length];
  while (low < high) {
    const middle = (low + high) >> 1;
    if (indexes[middle]!.last >= index) high = middle;
    else low = middle + 1;
  }
  return low < indexes.length && indexes[low]!.first <= index;
}

/** Two neighbours are written as two numbers, more as a range. */
export function indexesText(indexes: Indexes): string {
  return indexes.map(({ first, last }) => (first === last ? String(first) : last === first + 1 ? `${first},${last}` : `${first}-${last}`)).join(',');
}

/** How many indexes both have. */
export function countCommon(a: Indexes, b: Indexes): number {
  let [i, j, common] = [0, 0, 0];
  while (i < a.length && j < b.length) {
    const [left, right] = [a[i]!, b[j]!];
    common += Math.max(0, Math.min(left.last, right.last) - Math.max(left.first, right.first) + 1);
    if (left.last <= right.last) i++;
    if (right.last <= left.last) j++;
  }
  return common;
}

/** The first `count` indexes below `completions` that `taken` does not have; the work is bounded by `count` and the intervals of `taken`. */
export function freeIndexes(taken: Indexes, count: number, completions: number): number[] {
  const free: number[] = [];
  let candidate = 0;
  for (const { first, last } of [...taken, { first: completions, last: completions }]) {
    for (; candidate < first && candidate < completions && free.length < count; candidate++) free.push(candidate);
    candidate = Math.max(candidate, last + 1);
  }
  return free;
}
