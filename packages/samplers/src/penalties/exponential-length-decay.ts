import { defineSampler } from '@tokenwright/core';
import { integerOption, numberOption, type OptionsOf } from '@tokenwright/core/options';
import { eosTokensOf } from '../shared/eos-token-ids.ts';
import { eosTokenIds } from '../shared/options.ts';
import { largestFloat } from '../shared/row.ts';

const options = {
  /** Tokens of the reply after which it begins, at least 0. */
  start: integerOption({ min: 0, suggested: 100, help: 'Tokens of the reply after which it begins' }),
  /** Above 1 makes the end likelier with each token, below 1 less likely; above 0. 1 is off. */
  factor: numberOption({ above: 0, off: 1, suggested: 1.05, help: 'Growth of the effect per token' }),
  /** Ids that count as the end. Default: the run's end tokens. */
  eosTokenIds,
};

export type ExponentialLengthDecayOptions = OptionsOf<typeof options>;

/**
 * Pull a text toward its end: once the reply has n > start tokens, l -> l + |l| * (factor^(n - start) - 1) for each end
 * token.
 *
 * It depends on where zero is, and an end token with logit 0 keeps it. A removed end token stays removed, where Hugging
 * Face makes it NaN. A logit never leaves the range of float32.
 *
 * Example: an end token's logit -2, start 10, factor 1.5, 12 tokens: -2 + 2 * 1.25 = 0.5.
 *
 * @see Hugging Face, `exponential_decay_length_penalty`
 * @example
 * ```ts
 * exponentialLengthDecay({ start: 100, factor: 1.05 });
 * ```
 */
export const exponentialLengthDecay = defineSampler({
  name: 'exponential-length-decay',
  summary: 'Make the end likelier with each token after START tokens',
  source: 'Hugging Face, exponential_decay_length_penalty',
  kind: 'bias',
  options,
  create: ({ start, factor, eosTokenIds }) => ({
    traits: { dependsOnZero: true, keepsArgMax: factor === 1, narrows: true },
    onHost(logits, step) {
      const beyond = step.position - step.promptLength - start;
      if (beyond <= 0 || factor === 1) return;
      const growth = Math.min(factor ** beyond, largestFloat) - 1;
      for (const id of eosTokensOf(eosTokenIds, step)) {
        const logit = logits[id]!;
        if (Number.isFinite(logit)) logits[id] = Math.min(logit + Math.abs(logit) * growth, largestFloat);
      }
    },
  }),
});
