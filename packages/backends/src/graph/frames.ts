import type { Frame } from '@tokenwright/core/engine';

/** Number of slots in each row after a frame was run. */
export function lengthsOf({ rows, slots }: Frame): Map<number, number> {
  const lengths = new Map<number, number>();
  for (const [i, row] of rows.entries()) lengths.set(row, Math.max(lengths.get(row) ?? 0, slots[i]! + 1));
  return lengths;
}

/** Number of cache rows that a frame needs: the highest row plus one. */
export function rowsOf({ rows }: Frame): number {
  return rows.reduce((most, row) => Math.max(most, row + 1), 0);
}

/** The tokens from..to of a frame, none of them scored. */
export function partOf({ ids, rows, positions, slots }: Frame, from: number, to: number): Frame {
  return {
    ids: ids.subarray(from, to),
    rows: rows.subarray(from, to),
    positions: positions.subarray(from, to),
    slots: slots.subarray(from, to),
    scored: new Int32Array(0),
  };
}

/**
 * Reserve slots for the tokens of a frame.
 * @throws MemoryLimitError. Rows that were already extended keep their reserved slots; their content is unchanged.
 */
export function reserve(store: { reserve(row: number, length: number): void }, frame: Frame): void {
  for (const [row, length] of lengthsOf(frame)) store.reserve(row, length);
}
