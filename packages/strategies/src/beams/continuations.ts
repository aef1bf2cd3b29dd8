import { fillGumbelNoise, largest, logSumExp, type Scores, topTokens } from '@tokenwright/core/sampling';
import type { Run } from '@tokenwright/core/strategy';
import type { Beam } from './beam.ts';
import type { BeamSettings } from './beam-options.ts';
import type { Hypothesis } from './hypothesis.ts';
import type { SearchStep } from './search.ts';

/** Continuations to consider per step: enough to fill the beams even when every end token is among them. */
export function candidateCount(run: Run, numBeams: number): number {
  return Math.max(2, 1 + run.options.eosTokenIds.length) * numBeams;
}

/** What a token adds to the score of a hypothesis: its logit after the chain, minus `normalizer`. */
export async function additions(
  scores: Scores,
  row: number,
  domain: BeamSettings['domain'],
): Promise<{ readonly logits: Float32Array; readonly normalizer: number }> {
  const logits = await scores.logits(row);
  // NaN or +Infinity: sampling raises the typed error.
  if (!(largest(logits).logit < Infinity)) await scores.sample();
  return { logits, normalizer: domain === 'logits' ? logSumExp(logits) : 0 };
}

/** A continuation before its history exists. */
export interface Continuation {
  readonly parent: Hypothesis;
  readonly id: number;
  readonly score: number;
  readonly key: number;
}

/** A random number for each continuation of a hypothesis, [V]. */
export type Noise = (parent: Hypothesis) => Float64Array;

/**
 * Standard Gumbel noise: the largest sums of log-probability and noise are samples without replacement. The noise is that of
 * plain sampling, so the largest sum is the token that plain sampling draws.
 */
export function gumbel(run: Run): Noise {
  return ({ row }) => {
    const { random, sequence, history, vocabSize } = run.contextOf(row);
    return fillGumbelNoise(random.key(sequence, history.length, 'draw'), new Float64Array(vocabSize));
  };
}

export interface ExpandOptions {
  /** How many continuations to return. */
  readonly count: number;
  /** Subtracted from the score of a token. Default: nothing. */
  readonly penalty?: ReadonlyMap<number, number>;
  /** Added to the sort key of a continuation, not to its score. Default: nothing. */
  readonly noise?: Noise;
}

/**
 * The best continuations of a beam's hypotheses, best first. On ties, the continuation of the better hypothesis comes first, then
 * the lower id.
 */
export async function expand(
  run: Run,
  { scores, origins }: SearchStep,
  beam: Beam,
  domain: BeamSettings['domain'],
  { count, penalty, noise }: ExpandOptions,
): Promise<Hypothesis[]> {
  const all: Continuation[] = [];
  for (const parent of beam.live) {
    const { logits, normalizer } = await additions(scores, origins.get(parent)!, domain);
    const order = penalty === undefined && noise === undefined ? logits : logits.slice();
    for (const [id, amount] of penalty ?? []) order[id]! -= amount;
    const base = noise === undefined ? order : order.slice();
    const added = noise?.(parent);
    if (added !== undefined)
      for (let id = 0; id < order.length; id++) if (order[id]! > -Infinity) order[id]! += added[id]!;
    for (const id of topTokens(order, count))
      all.push({
        parent,
        id,
        score: parent.score + base[id]! - normalizer,
        key: parent.score + order[id]! - normalizer,
      });
  }
  if (all.length === 0 && beam.finished.length === 0) await scores.sample();
  return grow(run, { scores, origins }, all.sort((a, b) => b.key - a.key).slice(0, count));
}

/** Make hypotheses from continuations. */
export function grow(
  run: Run,
  { scores, origins }: SearchStep,
  continuations: readonly Continuation[],
): Promise<Hypothesis[]> {
  return Promise.all(
    continuations.map(async ({ parent, id, score, key }) => {
      const origin = origins.get(parent)!;
      const history = await scores.extend(origin, id);
      const details = await run.describe(scores, origin, id);
      return { row: run.extend(parent.row, history), score, key, origin, parent, details };
    }),
  );
}
