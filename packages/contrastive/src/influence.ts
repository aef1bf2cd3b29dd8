import { ParameterError, type Strategy } from '@tokenwright/core';
import type { ForwardResult } from '@tokenwright/core/model';
import { largest, logProbabilities } from '@tokenwright/core/sampling';
import { CombinedResult, weigh } from './combined-result.ts';

/** How much the sources of a combined model moved one choice. Logarithms are natural. */
export interface Influence {
  /** The token in question. */
  readonly id: number;
  /** Its log-probability in the combination, and by the expert alone. -Infinity when removed. */
  readonly logprob: number;
  readonly expertLogprob: number;
  /** The most probable token of the combination, and of the expert alone. */
  readonly best: number;
  readonly expertBest: number;
  readonly sources: readonly SourceInfluence[];
}

/** The combination held against the combination without this source (the expert alone, when it is the only one). */
export interface SourceInfluence {
  readonly name: string;
  /** The source's own log-probability of the token. */
  readonly logprob: number;
  /** By how much it raised the token's log-probability; below 0 it spoke against it. Infinite where it decided what was removed. */
  readonly shift: number;
  /** Total variation distance of the two distributions: 0 = it changed nothing, 1 = everything. */
  readonly distance: number;
  /** The most probable token is another one because of it. */
  readonly changedBest: boolean;
}

/**
 * How much each source moved a choice.
 *
 * @param result of a forward pass of a combined model, not yet disposed.
 * @param row which of its scored positions.
 * @param id the token that was chosen; by default the most probable.
 */
export async function influence(result: ForwardResult, row: number, id?: number): Promise<Influence> {
  if (!(result instanceof CombinedResult))
    throw new ParameterError('influence', 'result', 'a forward result of a combined model', result);
  const { parts, others, rule } = result;
  const [expert, ...rest] = await Promise.all(parts.map(({ logits }) => logits.read([row])));
  const combined = rule.combine(expert!, weigh(others, rest));
  const all = logProbabilities(combined);
  const alone = logProbabilities(expert!);
  const best = largest(combined).id;
  const token = id ?? best;
  const sources = others.map(({ name }, left): SourceInfluence => {
    const remaining = others.filter((_, i) => i !== left);
    const total = remaining.reduce((sum, { weight }) => sum + weight, 0);
    const reduced =
      remaining.length === 0
        ? expert!
        : rule.combine(
            expert!,
            weigh(
              remaining.map((share) => ({ ...share, weight: share.weight / total })),
              rest.filter((_, i) => i !== left),
            ),
          );
    const without = logProbabilities(reduced);
    let distance = 0;
    for (let i = 0; i < all.length; i++) distance += Math.abs(Math.exp(all[i]!) - Math.exp(without[i]!)) / 2;
    return {
      name,
      logprob: logProbabilities(rest[left]!)[token]!,
      shift: all[token] === without[token] ? 0 : all[token]! - without[token]!,
      distance,
      changedBest: largest(reduced).id !== best,
    };
  });
  return {
    id: token,
    logprob: all[token]!,
    expertLogprob: alone[token]!,
    best,
    expertBest: largest(expert!).id,
    sources,
  };
}

/**
 * Sampling, with a step event for each token that tells the `influence` of every source of a combined model on it (numbers that are not
 * finite as null). With the option `steps`; without it, plain sampling.
 */
export function samplingWithInfluence(): Strategy {
  const name = 'sampling-with-influence';
  return {
    name,
    supportsControl: true,
    async *decode(run) {
      let rows = await run.start();
      while (rows.length > 0) {
        const scores = await run.advance(rows);
        const ids = await scores.apply(run.samplers).sample();
        if (run.options.steps)
          for (const [i, row] of rows.entries()) {
            const detail = await influence(scores.result, i, ids[i]!);
            yield {
              type: 'step',
              promptIndex: row.promptIndex,
              strategy: name,
              detail: JSON.parse(JSON.stringify(detail)),
            };
          }
        rows = yield* run.accept(rows, ids, scores);
      }
    },
  };
}
