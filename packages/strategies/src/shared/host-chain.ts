import type { Sampler } from '@tokenwright/core';
import { decisiveStages, HostRow, type RowContext, type Scores, sampleToken } from '@tokenwright/core/sampling';

/**
 * One row after a chain, on the host: for strategies that shape a row only once they know what stands before it. What a reader has
 * banned is gone.
 *
 * @param logits taken over.
 */
export function shapedRow(logits: Float32Array, context: RowContext, samplers: readonly Sampler[]): HostRow {
  const row = new HostRow(logits, context);
  for (const id of context.control?.ban ?? []) row.logits[id] = -Infinity;
  for (const { sampler, index } of decisiveStages(samplers)) row.apply(sampler, index);
  return row;
}

/** `shapedRow` of a row of scores, from the model's relaxed logits where the chain leaves nothing of the others. */
export async function shapedScores(
  scores: Scores,
  index: number,
  context: RowContext,
  samplers: readonly Sampler[],
): Promise<{ readonly row: HostRow; readonly raw: Float32Array }> {
  const raw = await scores.raw(index);
  const row = shapedRow(raw.slice(), context, samplers);
  if (row.sampleable) return { row, raw };
  const relaxed = await scores.relaxed(index);
  return { row: relaxed === undefined ? row : shapedRow(relaxed, context, samplers), raw };
}

/**
 * Draw from a shaped row, or take what a reader has forced.
 *
 * @param raw the logits before the chain, to find the stage that is to blame when nothing can be drawn.
 * @throws EmptyDistributionError, InvalidLogitsError
 */
export function drawFrom(row: HostRow, uniform: number, raw: Float32Array, samplers: readonly Sampler[]): number {
  const forced = row.context.control?.force?.[0];
  if (forced !== undefined) return forced;
  const id = sampleToken(row.logits, uniform, row.candidates);
  return id >= 0 ? id : refuse(row, raw, samplers);
}

/** Raise the typed error for a row in which nothing can be drawn, naming the first stage after which it is so. */
export function refuse(row: HostRow, raw: Float32Array, samplers: readonly Sampler[]): never {
  const retrace = new HostRow(raw.slice(), row.context);
  if (!retrace.sampleable) retrace.refuse('model');
  for (const { sampler, index } of decisiveStages(samplers)) {
    retrace.apply(sampler, index);
    if (!retrace.sampleable) retrace.refuse(sampler.name);
  }
  return row.refuse(samplers.at(-1)?.name ?? 'model');
}
