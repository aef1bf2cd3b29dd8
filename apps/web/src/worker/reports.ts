import type { Explanation, Json, KVCache, StepEvent, TokenEvent } from '@tokenwright/core';
import type {
  BeamStep,
  CacheReport,
  ContrastStep,
  Distribution,
  DraftRound,
  RemovedToken,
  StepReport,
  TokenReport,
} from '../protocol.ts';

/** A token event of a run with `explain` and `logprobs`, as plain data. */
export function tokenReport(event: TokenEvent, milliseconds: number, cache: CacheReport | undefined): TokenReport {
  const { id, text = '', logprob = Number.NaN, rank = 0, explanation } = event;
  const distributions = explanation === undefined ? [] : distributionsOf(explanation);
  return {
    id,
    piece: text,
    logprob,
    rank,
    probability: distributions.at(-1)?.drawn ?? Math.exp(logprob),
    distributions,
    removed: explanation === undefined ? [] : removedOf(explanation, distributions),
    milliseconds,
    ...(cache === undefined ? {} : { cache }),
  };
}

function distributionsOf({ model, stages }: Explanation): Distribution[] {
  const all = [{ ...model, name: 'model', removedMass: 0, removedCount: 0 }, ...stages];
  return all.map(({ name, candidates, entropy, top, named, removedMass, removedCount, ...rest }) => ({
    name,
    ...('parameters' in rest ? { parameters: rest.parameters as Json } : {}),
    candidates,
    entropy,
    top,
    drawn: named[0]?.probability ?? Number.NaN,
    removedMass,
    removedCount,
  }));
}

/** What became of the tokens that are listed somewhere. */
function removedOf(explanation: Explanation, distributions: readonly Distribution[]): RemovedToken[] {
  const ids = new Set(distributions.flatMap(({ top }) => top.map(({ id }) => id)));
  return [...ids].flatMap((id) => {
    const removal = explanation.removal(id);
    return removal === undefined ? [] : [{ id, stage: removal.index + 1, margin: removal.margin }];
  });
}

/** What a strategy tells of a step; undefined for one that the page has no picture of. */
export function stepReport({ strategy, detail }: StepEvent): StepReport | undefined {
  const told = detail as unknown;
  if (strategy === 'beam-search') return { kind: 'beams', ...(told as Omit<BeamStep, 'kind'>) };
  if (strategy === 'speculative') return { kind: 'draft', ...(told as Omit<DraftRound, 'kind'>) };
  if (strategy === 'sampling-with-parts') return { kind: 'contrast', ...(told as Omit<ContrastStep, 'kind'>) };
  return undefined;
}

/** Ids that a report names. */
export function idsOfToken({ id, distributions }: TokenReport): number[] {
  return [id, ...distributions.flatMap(({ top }) => top.map((candidate) => candidate.id))];
}

export function idsOfStep(step: StepReport): readonly number[] {
  if (step.kind === 'beams') return [...step.live, ...step.finished, ...step.died].flatMap(({ ids }) => ids);
  return step.kind === 'draft' ? step.drafted : step.rows.map(({ id }) => id);
}

export function cacheReport(cache: KVCache): CacheReport {
  return { tokens: cache.lengths.reduce((sum, length) => sum + length, 0), bytes: cache.bytes };
}
