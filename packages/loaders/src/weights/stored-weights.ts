import { LoadError } from '@tokenwright/core';
import type { WeightSource } from '@tokenwright/core/engine';

/** Weights that can tell how each tensor is stored. */
export interface StoredWeights extends WeightSource {
  /** Number format as stored, such as 'F16' or 'Q4_K'; undefined for a tensor that is not there. */
  format(name: string): string | undefined;
}

/** @throws LoadError for rows that a tensor lacks. */
export function checkRows(file: string, name: string, rows: number, first: number, count: number): void {
  if (first < 0 || count < 0 || first + count > rows)
    throw new LoadError(file, `it has ${rows} rows; ${first} to ${first + count} are not among them`, name);
}
