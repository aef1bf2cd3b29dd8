import { forEachCandidate, type HostSampler } from '@tokenwright/core';
import { checkInteger, checkNumber, checkOptionNames } from '@tokenwright/core/options';
import { logSumExp } from '@tokenwright/core/sampling';

export interface XtcOptions {
  /** How often it acts, in [0, 1]. 0 is off. */
  readonly probability: number;
  /** A token at or above it counts as a top choice, in [0, 1]. Above 0.5 it is off, as there is one at most. Default 0.1. */
  readonly threshold?: number;
  /** Do nothing when fewer tokens would stay. Default 1. */
  readonly minKeep?: number;
}

/**
 * Exclude top choices: with the given probability remove all tokens with p_i >= threshold but the least likely of them
 * (p-e-w 2024, text-generation-webui pull request 6335; llama.cpp). Of equals the highest id counts as the least likely.
 *
 * It makes unlikely text on purpose, and a greedy choice after it is random. No token is exempt, also not an end token.
 * A row with NaN, with +Infinity or with nothing left stays as it is.
 *
 * Example: probabilities [0.4, 0.3, 0.2, 0.1], threshold 0.19: removes 0 and 1, for 2 is still a top choice.
 */
export function xtc(options: XtcOptions): HostSampler {
  checkOptionNames('xtc', options, ['probability', 'threshold', 'minKeep']);
  const share = (name: string, value: number): number =>
    checkNumber('xtc', name, value, 'a number from 0 to 1', (number) => number >= 0 && number <= 1);
  const probability = share('probability', options.probability);
  const threshold = share('threshold', options.threshold ?? 0.1);
  const minKeep = checkInteger('xtc', 'minKeep', options.minKeep ?? 1, 1);
  return {
    name: 'xtc',
    parameters: { probability, threshold, minKeep },
    kind: 'filter',
    traits: {
      demotesArgMax: true,
      keepsArgMax: false,
      narrows: true,
    },
    onHost: (logits, step) => {
      if (probability === 0 || threshold > 0.5 || step.random() > probability) return;
      const normalizer = logSumExp(logits, step.candidates);
      if (!Number.isFinite(normalizer)) return;
      const border = normalizer + Math.log(threshold);
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
  };
}
