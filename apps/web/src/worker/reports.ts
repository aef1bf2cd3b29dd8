import type { Explanation, KVCache, StepEvent, TokenEvent } from '@tokenwright/core';
import type {
  BeamStep,
  CacheReport,
  Candidate,
  ContrastStep,
  Distribution,
  DraftRound,
  StepReport,
  TokenReport,
} from '../protocol.ts';

/** A token event of a run with `explain` and `logprobs`, as plain data. */
export function tokenReport(event: TokenEvent, milliseconds: number, cache: CacheReport | undefined): TokenReport {
  const { id, text = '', logprob = Number.NaN, rank = 0, explanation } = event;
  return {
    id,
    piece: text,
    logprob,
    rank,
    probability: explanation?.probability(id).at(-1) ?? Math.exp(logprob),
    distributions: explanation === undefined ? [] : distributionsOf(explanation),
    candidates: explanation === undefined ? [] : candidatesOf(explanation, id),
    milliseconds,
    ...(cache === undefined ? {} : { cache }),
  };
}

function distributionsOf({ model, stages }: Explanation): Distribution[] {
  const { candidates, entropy } = model;
  return [
    { name: 'model', candidates, entropy, removedMass: 0, removedCount: 0 },
    ...stages.map(({ top: _, entropyChange: __, ...stage }) => stage),
  ];
}

/** What the chain did to the listed tokens and to the one that was sampled. */
function candidatesOf(explanation: Explanation, sampled: number): Candidate[] {
  const summaries = [explanation.model, ...explanation.stages];
  const ids = new Set([...summaries.flatMap(({ top }) => top.map(({ id }) => id)), sampled]);
  return Array.from(ids, (id) => {
    const removal = explanation.removal(id);
    const removed = removal && { stage: removal.index + 1, margin: removal.margin };
    return { id, probabilities: explanation.probability(id), ...(removed === undefined ? {} : { removed }) };
  });
}

/** A step of a strategy as plain data; undefined for a strategy that the page does not visualize. */
export function stepReport({ strategy, detail }: StepEvent): StepReport | undefined {
  if (strategy === 'beam-search') return { kind: 'beams', ...(detail as unknown as Omit<BeamStep, 'kind'>) };
  if (strategy === 'speculative') return { kind: 'draft', ...(detail as unknown as Omit<DraftRound, 'kind'>) };
  if (strategy === 'sampling-with-parts')
    return { kind: 'contrast', ...(detail as unknown as Omit<ContrastStep, 'kind'>) };
  return undefined;
}

/** The ids in a report. */
export function idsOfToken({ candidates }: TokenReport): number[] {
  return candidates.map(({ id }) => id);
}

export function idsOfStep(step: StepReport): readonly number[] {
  if (step.kind === 'beams') return [...step.live, ...step.finished, ...step.died].flatMap(({ ids }) => ids);
  return step.kind === 'draft' ? step.drafted : step.rows.map(({ id }) => id);
}

export function cacheReport(cache: KVCache): CacheReport {
  return { tokens: cache.lengths.reduce((sum, length) => sum + length, 0), bytes: cache.bytes };
}
