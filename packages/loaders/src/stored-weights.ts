import type { WeightSource } from '@tokenwright/core';

/** Weights that can tell how each tensor is stored. */
export interface StoredWeights extends WeightSource {
  /** Number format as stored, such as 'F16' or 'Q4_K'; undefined for a tensor that is not there. */
  format(name: string): string | undefined;
}
