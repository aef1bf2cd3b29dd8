import { largest, logSumExp, type Scores, topTokens } from '@tokenwright/core/sampling';
import type { Run } from '@tokenwright/core/strategy';
import type { Beam, BeamSettings, Hypothesis } from './beams.ts';

/** How many continuations are looked at: enough that `beams` of them go on although every end token may be among them. */
export function candidateCount(run: Run, beams: number): number {
  return Math.max(2, 1 + run.options.eosTokenIds.length) * beams;
}

/** Apply the chain of the call in the domain that was asked for. */
export function shape(run: Run, scores: Scores, domain: BeamSettings['domain']): Scores {
  if (domain === 'log-probabilities') scores.normalize();
  return scores.apply(run.samplers);
}

/** What a token adds to the score of a hypothesis: its logit after the chain, less `normalizer`. */
export async function additions(
  scores: Scores,
  row: number,
  domain: BeamSettings['domain'],
): Promise<{ readonly logits: Float32Array; readonly normalizer: number }> {
  const logits = await scores.logits(row);
  // Let the ordinary draw raise its typed error.
  if (!(largest(logits).logit < Infinity)) await scores.sample();
  return { logits, normalizer: domain === 'logits' ? logSumExp(logits) : 0 };
}

/** A continuation before its history is made. */
export interface Continuation {
  readonly parent: Hypothesis;
  readonly id: number;
  readonly score: number;
  readonly key: number;
}

/** A random number for each continuation of a hypothesis. */
export type Noise = (parent: Hypothesis) => (id: number) => number;

/** Standard Gumbel noise: the largest sums of log-probability and noise are draws without replacement. */
export function gumbel(run: Run): Noise {
  return ({ row }) => {
    const { random, sequence, history } = run.contextOf(row);
    return (id) => -Math.log(-Math.log(random.uniform(sequence, history.length, 'draw', id)));
  };
}

export interface ExpandOptions {
  /** How many continuations. */
  readonly count: number;
  /** Subtracted from the score of a token. Default nothing. */
  readonly penalty?: ReadonlyMap<number, number>;
  /** Added to what continuations are ordered by, not to their scores. Default nothing. */
  readonly noise?: Noise;
}

/**
 * The best continuations of a beam's hypotheses, best first; of equals the one of the better hypothesis, then the lower id.
 *
 * @param origins where each hypothesis stands in the scores.
 */
export async function expand(
  run: Run,
  scores: Scores,
  beam: Beam,
  origins: ReadonlyMap<Hypothesis, number>,
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
      for (let id = 0; id < order.length; id++) if (order[id]! > -Infinity) order[id]! += added(id);
    for (const id of topTokens(order, count))
      all.push({
        parent,
        id,
        score: parent.score + base[id]! - normalizer,
        key: parent.score + order[id]! - normalizer,
      });
  }
  if (all.length === 0 && beam.finished.length === 0) await scores.sample();
  return grow(run, scores, origins, all.sort((a, b) => b.key - a.key).slice(0, count));
}

/** Make hypotheses of continuations. */
export function grow(
  run: Run,
  scores: Scores,
  origins: ReadonlyMap<Hypothesis, number>,
  continuations: readonly Continuation[],
): Promise<Hypothesis[]> {
  return Promise.all(
    continuations.map(async ({ parent, id, score, key }) => {
      const origin = origins.get(parent)!;
      const history = await scores.extend(origin, id);
      const details = await run.describe(scores, origin, id);
      return { row: { ...parent.row, history }, score, key, origin, parent, details };
    }),
  );
}
