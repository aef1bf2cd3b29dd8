import { defineSampler, forEachCandidate } from '@tokenwright/core';
import { integerOption, numberOption, type OptionsOf } from '@tokenwright/core/options';
import { logSumExp } from '@tokenwright/core/sampling';
import { lowered } from '../shared/borders.ts';

const options = {
  /** How often the stage acts, in [0, 1]. 0 is off. */
  probability: numberOption({ min: 0, max: 1, off: 0, suggested: 0.5, help: 'How often the stage acts' }),
  /** A token at or above it is a top choice, in [0, 1]. Above 0.5 the stage is off, as there is one at most. Default 0.1. */
  threshold: numberOption({ min: 0, max: 1, default: 0.1, help: 'Probability from which a token is a top choice' }),
  /** Do nothing when fewer tokens would stay. Default 1. */
  minKeep: integerOption({ min: 1, default: 1, help: 'Do nothing when fewer tokens would stay' }),
};

export type XtcOptions = OptionsOf<typeof options>;

/**
 * Exclude top choices: with the given probability, remove all tokens with p_i >= threshold except the least likely of
 * them. On ties, the highest id is the least likely.
 *
 * It makes text unlikely on purpose, and a greedy choice after it is random. No token is exempt, not even an end token.
 * A row with NaN, with +Infinity or with nothing left stays as it is.
 *
 * Example: probabilities [0.4, 0.3, 0.2, 0.1], threshold 0.19: removes 0 and 1, and keeps 2, the least likely top choice.
 *
 * @see p-e-w 2024, text-generation-webui pull request 6335
 * @example
 * ```ts
 * xtc({ probability: 0.5, threshold: 0.1 });
 * ```
 */
export const xtc = defineSampler({
  name: 'xtc',
  summary: 'Exclude top choices: sometimes remove all probable tokens but the least probable of them',
  source: 'p-e-w 2024, text-generation-webui pull request 6335; llama.cpp',
  kind: 'filter',
  options,
  create: ({ probability, threshold, minKeep }) => ({
    traits: { demotesArgMax: true, narrows: true },
    onHost(logits, step) {
      if (probability === 0 || threshold > 0.5 || step.random() > probability) return;
      const normalizer = logSumExp(logits, step.candidates);
      if (!Number.isFinite(normalizer)) return;
      const border = lowered(normalizer + Math.log(threshold), normalizer);
      const choices: number[] = [];
      let least = -1;
      let candidates = 0;
      forEachCandidate(logits, step, (id, logit) => {
        candidates++;
        if (logit < border) return;
        choices.push(id);
        if (least < 0 || logit <= logits[least]!) least = id;
      });
      if (choices.length < 2 || candidates - choices.length + 1 < minKeep) return;
      for (const id of choices) if (id !== least) logits[id] = -Infinity;
    },
  }),
});
