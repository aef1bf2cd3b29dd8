import type { Sampler } from '@tokenwright/core';
import { applyChain } from '@tokenwright/core/sampling';
import { type TestRowOptions, testRow } from '@tokenwright/core/testing';

/** The context of a row, and the chain that it passes through. */
export interface RowPlan extends TestRowOptions {
  readonly samplers: readonly Sampler[];
}

/** Pass a row of logits through a chain: [V]. The input is not changed. */
export function shapeRow(logits: Float32Array, { samplers, ...options }: RowPlan): Float32Array {
  const row = testRow(logits, options);
  applyChain(row, samplers);
  return row.logits;
}
