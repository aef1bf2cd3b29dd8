import type { Finish, Strategy } from '@tokenwright/core';
import { checkInteger, checkOptionNames } from '@tokenwright/core/options';
import { type Scores, topTokens } from '@tokenwright/core/sampling';
import type { Run } from '@tokenwright/core/strategy';
import { advanceUnlessInterrupted, checkSequences, detailsOf, type Hypothesis } from './beams.ts';
import { additions, type Continuation, grow, gumbel } from './continuations.ts';

export interface StochasticBeamsOptions {
  /** How many sequences are drawn, at least 1. */
  readonly numBeams: number;
}

/**
 * Stochastic beam search (Kool et al. 2019, arXiv:1903.06059): draw `beams` different sequences without replacement from the distribution of
 * sampling, in one search. The log-probability of every partial sequence is perturbed by Gumbel noise, such that the largest
 * perturbed value of its continuations is its own; the `beams` largest are followed, finished ones included. The sequences come in
 * the order of their draws: the first is distributed as a sequence of plain sampling, and so on. The score of each is its
 * log-probability after the chain.
 */
export function stochasticBeams(options: StochasticBeamsOptions): Strategy {
  const name = 'stochastic-beams';
  checkOptionNames('stochasticBeams', options, ['numBeams']);
  const width = checkInteger('stochasticBeams', 'numBeams', options.numBeams, 1);
  return {
    name,
    parameters: { numBeams: width },
    async *decode(run) {
      checkSequences(name, run, width);
      let all = (await run.start(1)).map(
        (row, origin): Drawn => ({ row: { ...row, sequence: 0 }, score: 0, key: 0, origin }),
      );
      const prompts = all.map(({ row }) => row.promptIndex);
      for (;;) {
        const live = all.filter(({ reason }) => reason === undefined);
        if (live.length === 0) break;
        const scores = await advanceUnlessInterrupted(run, live);
        if (scores === undefined) {
          all = all.map((drawn) => ({
            ...drawn,
            reason: drawn.reason ?? { finishReason: run.interrupted ?? 'abort' },
          }));
          break;
        }
        scores.apply(run.samplers);
        const origins = new Map(live.map((hypothesis, row) => [hypothesis as Hypothesis, row]));
        const next: Drawn[] = [];
        for (const prompt of prompts) {
          const own = live.filter(({ row }) => row.promptIndex === prompt);
          const done = all.filter(({ row, reason }) => row.promptIndex === prompt && reason !== undefined);
          const perturbed = await Promise.all(
            own.map((parent) => perturb(run, scores, parent, origins.get(parent)!, width)),
          );
          if (own.length > 0 && done.length === 0 && perturbed.flat().length === 0) await scores.sample();
          const grown = await grow(
            run,
            scores,
            origins,
            perturbed
              .flat()
              .sort((a, b) => b.key - a.key)
              .slice(0, width),
          );
          next.push(
            ...[...done, ...grown.map((drawn) => ({ ...drawn, key: drawn.key! }))]
              .sort((a, b) => b.key - a.key)
              .slice(0, width)
              .map((drawn, beamIndex) => ({ ...drawn, row: { ...drawn.row, beamIndex } })),
          );
        }
        all = next.map((drawn) => {
          const reason = drawn.reason ?? run.finishOf(drawn.row);
          return reason === undefined ? drawn : { ...drawn, reason };
        });
        run.cache.gather(all.filter(({ reason }) => reason === undefined).map(({ origin }) => origin));
      }
      for (const prompt of prompts)
        yield* run.settle(
          all
            .filter(({ row }) => row.promptIndex === prompt)
            .slice(0, run.options.numReturnSequences)
            .map(({ row, reason, score, ...rest }, sequence) => ({
              row: { ...row, sequence },
              finish: reason!,
              score,
              tokens: detailsOf({ row, score, ...rest }),
            })),
        );
    },
  };
}

interface Drawn extends Hypothesis {
  readonly key: number;
  readonly reason?: Finish;
}

/** The `count` continuations of a hypothesis with the largest perturbed values, given that the largest of all is the hypothesis' own. */
async function perturb(run: Run, scores: Scores, parent: Drawn, row: number, count: number): Promise<Continuation[]> {
  const { logits, normalizer } = await additions(scores, row, 'logits');
  const noise = gumbel(run)(parent);
  const noisy = Float64Array.from(logits, (logit, id) =>
    logit === -Infinity ? -Infinity : parent.score + logit - normalizer + noise(id),
  );
  const largest = noisy.reduce((most, value) => Math.max(most, value), -Infinity);
  const keys = noisy.map((value) => {
    if (value === -Infinity) return value;
    const v = parent.key - value + Math.log1p(-Math.exp(value - largest));
    return parent.key - Math.max(0, v) - Math.log1p(Math.exp(-Math.abs(v)));
  });
  return Array.from(topTokens(Float32Array.from(keys), count), (id) => ({
    parent,
    id,
    score: parent.score + logits[id]! - normalizer,
    key: keys[id]!,
  }));
}
