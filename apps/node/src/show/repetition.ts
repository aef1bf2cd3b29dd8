/** Share of the n-grams that occurred before: 0 when all differ. */
export function repetition(ids: readonly number[], n: number): number {
  return ids.length < n ? 0 : 1 - distinct(ids, n);
}

/** Share of the n-grams that differ from each other: 1 when all do. */
export function distinct(ids: readonly number[], n: number): number {
  const all = Math.max(0, ids.length - n + 1);
  const seen = new Set<string>();
  for (let i = 0; i < all; i++) seen.add(ids.slice(i, i + n).join());
  return all === 0 ? 1 : seen.size / all;
}
