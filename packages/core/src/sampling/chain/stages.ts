import type { Sampler } from '../sampler.ts';
import type { HostRow } from './host-row.ts';

/** Stages that `generate` puts before the caller's chain. */
const leading = new WeakSet<Sampler>();

/** Mark a stage as one that precedes the caller's chain: see `withPlaces`. */
export function leadingStage<S extends Sampler>(sampler: S): S {
  leading.add(sampler);
  return sampler;
}

/**
 * Stages with their places in the caller's chain, which key random numbers and state. A stage that `generate` adds before
 * the chain has place -1 and uses neither, so it does not change the numbers of the other stages.
 */
export function withPlaces(samplers: readonly Sampler[]): { readonly sampler: Sampler; readonly index: number }[] {
  const first = samplers[0] !== undefined && leading.has(samplers[0]) ? -1 : 0;
  return samplers.map((sampler, i) => ({ sampler, index: first + i }));
}

/**
 * Run a chain over a row. It may leave nothing: see `HostRow.sampleable`.
 *
 * @param firstIndex place of the first sampler in the whole chain of the run.
 */
export function applyChain(row: HostRow, samplers: readonly Sampler[], firstIndex = 0): void {
  for (const { sampler, index } of withPlaces(samplers)) row.apply(sampler, firstIndex + index);
}

/**
 * The stages that decide the result, with their places. When the chain ends by selecting the arg max, the stages just before
 * that keep the arg max are left out: greedy decoding does not need them.
 */
export function decisiveStages(samplers: readonly Sampler[]): readonly { sampler: Sampler; index: number }[] {
  const stages = withPlaces(samplers);
  const last = stages.at(-1);
  if (last?.sampler.traits?.selectsArgMax !== true) return stages;
  let end = stages.length - 1;
  while (end > 0 && isSkippable(samplers[end - 1]!)) end--;
  return [...stages.slice(0, end), last];
}

function isSkippable({ traits }: Sampler): boolean {
  return traits?.keepsArgMax === true && traits.stateful !== true;
}
