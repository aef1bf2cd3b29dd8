import type { Sampler } from '@tokenwright/core';
import {
  type DrawKey,
  decisiveStages,
  HostRow,
  isEmptyRow,
  type RowContext,
  type Scores,
} from '@tokenwright/core/sampling';

/**
 * Apply a chain to one row on the host, for strategies that learn which tokens precede the row only after the forward pass. Tokens
 * that the reader banned are removed.
 *
 * @param logits taken over, not copied.
 */
export function shapedRow(logits: Float32Array, context: RowContext, samplers: readonly Sampler[]): HostRow {
  const row = new HostRow(logits, context);
  for (const id of context.control?.ban ?? []) row.logits[id] = -Infinity;
  for (const { sampler, index } of decisiveStages(samplers)) row.apply(sampler, index);
  return row;
}

/** `shapedRow` for a row of scores. Starts again from the model's relaxed logits when the chain leaves no token. */
export async function shapedScores(
  scores: Scores,
  index: number,
  context: RowContext,
  samplers: readonly Sampler[],
): Promise<{ readonly row: HostRow; readonly raw: Float32Array }> {
  const raw = await scores.raw(index);
  const row = shapedRow(raw.slice(), context, samplers);
  if (!isEmptyRow(row.logits, row.candidates)) return { row, raw };
  const relaxed = await scores.relaxed(index);
  return { row: relaxed === undefined ? row : shapedRow(relaxed, context, samplers), raw };
}

/**
 * Sample from a shaped row, or return the token that the reader forced.
 *
 * @param key of the draw: the same key gives the same token.
 * @param raw the logits before the chain, to find the stage that left nothing to sample.
 * @throws EmptyDistributionError, InvalidLogitsError
 */
export function sampleFrom(row: HostRow, key: DrawKey, raw: Float32Array, samplers: readonly Sampler[]): number {
  const forced = row.context.control?.force?.[0];
  if (forced !== undefined) return forced;
  const id = row.sample(key);
  return id >= 0 ? id : refuse(row, raw, samplers);
}

/** Throw the typed error for a row in which no token can be sampled. The error names the first stage that caused it. */
export function refuse(row: HostRow, raw: Float32Array, samplers: readonly Sampler[]): never {
  const retrace = new HostRow(raw.slice(), row.context);
  if (!retrace.sampleable) retrace.refuse('model');
  for (const { sampler, index } of decisiveStages(samplers)) {
    retrace.apply(sampler, index);
    if (!retrace.sampleable) retrace.refuse(sampler.name);
  }
  return row.refuse(samplers.at(-1)?.name ?? 'model');
}
