import type { Finish } from '@tokenwright/core';
import { integerOption, type OptionsOf } from '@tokenwright/core/options';
import { topTokens } from '@tokenwright/core/sampling';
import { defineStrategy, type Run } from '@tokenwright/core/strategy';
import { additions, type Continuation, grow, gumbel } from './continuations.ts';
import { detailsOf, type Hypothesis } from './hypothesis.ts';
import { advanceUnlessInterrupted, checkSequences, originsOf, type SearchStep } from './search.ts';

const options = {
  /** How many different sequences are sampled, an integer of at least 1. 1 is plain sampling. */
  numBeams: integerOption({
    min: 1,
    max: 65_536,
    off: 1,
    suggested: 4,
    help: 'How many different sequences are sampled',
  }),
};

export type StochasticBeamsOptions = OptionsOf<typeof options>;

/**
 * Stochastic beam search: sample `numBeams` different sequences without replacement from the distribution of plain sampling, in one
 * search. The log-probability of each partial sequence is perturbed by Gumbel noise, such that the largest perturbed value of its
 * continuations equals its own. The `numBeams` largest are kept, finished ones included.
 *
 * Sequences are returned in sampling order: the first one is distributed like a sequence of plain sampling, the second one like a second
 * sample that differs from the first, and so on. The score of a sequence is its log-probability after the sampler chain.
 *
 * @see Kool et al. 2019, "Stochastic Beams and Where to Find Them", arXiv:1903.06059
 * @throws ParameterError when `numReturnSequences` is larger than `numBeams`.
 * @example
 * ```ts
 * await generateText(model, tokenizer, 'Once upon a time', {
 *   strategy: stochasticBeams({ numBeams: 4 }),
 *   numReturnSequences: 4,
 *   seed: 7,
 * });
 * ```
 */
export const stochasticBeams = defineStrategy({
  name: 'stochastic-beams',
  summary: 'Sample different sequences without replacement in one search',
  source: 'Kool et al. 2019, arXiv:1903.06059',
  options,
  create: ({ numBeams }) => ({
    comparesTokens: 'by-chance',
    async *decode(run) {
      checkSequences('stochastic-beams', run, numBeams);
      let all = (await run.start(1)).map(
        (row, origin): Sampled => ({ row: { ...row, sequence: 0 }, score: 0, key: 0, origin }),
      );
      const prompts = all.map(({ row }) => row.promptIndex);
      for (;;) {
        const live = all.filter(({ finish }) => finish === undefined);
        if (live.length === 0) break;
        const scores = await advanceUnlessInterrupted(run, live);
        if (scores === undefined) {
          all = all.map((sampled) => ({
            ...sampled,
            finish: sampled.finish ?? { finishReason: run.interrupted ?? 'abort' },
          }));
          break;
        }
        scores.apply(run.samplers);
        const step = { scores, origins: originsOf(live) };
        const next: Sampled[] = [];
        for (const prompt of prompts) {
          const ofPrompt = all.filter(({ row }) => row.promptIndex === prompt);
          next.push(...(await nextOf(run, step, ofPrompt, numBeams)));
        }
        all = next.map((sampled) => {
          const finish = sampled.finish ?? run.finishOf(sampled.row);
          return finish === undefined ? sampled : { ...sampled, finish };
        });
        run.cache.gather(all.filter(({ finish }) => finish === undefined).map(({ origin }) => origin));
      }
      for (const prompt of prompts)
        yield* run.settle(
          all
            .filter(({ row }) => row.promptIndex === prompt)
            .slice(0, run.options.numReturnSequences)
            .map(({ row, finish, score, ...rest }, sequence) => ({
              row: { ...row, sequence },
              finish: finish!,
              score,
              tokens: detailsOf({ row, score, ...rest }),
            })),
        );
    },
  }),
});

interface Sampled extends Hypothesis {
  readonly key: number;
  /** How it ended; absent while it is open. */
  readonly finish?: Finish;
}

/** One step of one prompt: finished sequences compete with the continuations of the open ones. */
async function nextOf(run: Run, step: SearchStep, sequences: readonly Sampled[], numBeams: number): Promise<Sampled[]> {
  const open = sequences.filter(({ finish }) => finish === undefined);
  const finished = sequences.filter(({ finish }) => finish !== undefined);
  const perturbed = (
    await Promise.all(open.map((parent) => perturb(run, step, parent, step.origins.get(parent)!, numBeams)))
  ).flat();
  if (open.length > 0 && finished.length === 0 && perturbed.length === 0) await step.scores.sample();
  const grown = await grow(run, step, perturbed.sort((a, b) => b.key - a.key).slice(0, numBeams));
  return [...finished, ...grown.map((sampled) => ({ ...sampled, key: sampled.key! }))]
    .sort((a, b) => b.key - a.key)
    .slice(0, numBeams)
    .map((sampled, beamIndex) => ({ ...sampled, row: { ...sampled.row, beamIndex } }));
}

/** The `count` continuations of a sequence with the largest perturbed values, given that the largest of all equals its own. */
async function perturb(
  run: Run,
  { scores }: SearchStep,
  parent: Sampled,
  row: number,
  count: number,
): Promise<Continuation[]> {
  const { logits, normalizer } = await additions(scores, row, 'logits');
  const noise = gumbel(run)(parent);
  const noisy = Float64Array.from(logits, (logit, id) =>
    logit === -Infinity ? -Infinity : parent.score + logit - normalizer + noise[id]!,
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
