/** Whether these are lists of ids, one per row, and not the ids of one row. An empty list is one row without ids. */
export function isBatch(ids: ArrayLike<number> | readonly ArrayLike<number>[]): ids is readonly ArrayLike<number>[] {
  return ids.length > 0 && typeof ids[0] !== 'number';
}
