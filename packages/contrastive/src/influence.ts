import { ParameterError, type Strategy } from '@tokenwright/core';
import type { ForwardResult } from '@tokenwright/core/model';
import { isInstance } from '@tokenwright/core/options';
import { largest, logProbabilities } from '@tokenwright/core/sampling';
import { CombinedResult, weightedLogits } from './combined-result.ts';

/** How much the sources of a combined model changed one choice. Logarithms are natural. */
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

/** The difference that one source makes: the combination against the combination without it (the expert alone, if it is the only source). */
export interface SourceInfluence {
  readonly name: string;
  /** The source's own log-probability of the token. */
  readonly logprob: number;
  /** How much it raised the token's log-probability; negative if it lowered it. Infinite if it alone removed or kept the token. */
  readonly shift: number;
  /** Total variation distance between the two distributions: 0 if it changed nothing, at most 1. */
  readonly distance: number;
  /** Whether it changed the most probable token. */
  readonly changedBest: boolean;
}

/**
 * How much each source changed a choice.
 *
 * @param result of a forward pass of a combined model, not yet disposed.
 * @param row index of the scored position.
 * @param id the chosen token. Default: the most probable token.
 * @throws ParameterError when the result is not from a combined model.
 * @example
 * ```ts
 * const result = model.forward([ids], cache);
 * const { sources } = await influence(result, 0);
 * for (const { name, shift } of sources) console.log(name, shift);
 * result.dispose();
 * ```
 */
export async function influence(result: ForwardResult, row: number, id?: number): Promise<Influence> {
  if (!isInstance(result, CombinedResult))
    throw new ParameterError('influence', 'result', 'a forward result of a combined model', result);
  const { parts, others, rule } = result;
  const [expert, ...rest] = await Promise.all(parts.map(({ logits }) => logits.read([row])));
  const combined = rule.combine(expert!, weightedLogits(others, rest));
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
            weightedLogits(
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
 * Sampling that reports the `influence` of every source of a combined model in a step event per token; numbers that are not finite are
 * null. Needs the option `steps`; without it, this is plain sampling.
 *
 * @example
 * ```ts
 * for await (const event of generate(model, prompt, { strategy: samplingWithInfluence(), steps: true }))
 *   if (event.type === 'step') console.log(event.detail);
 * ```
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
