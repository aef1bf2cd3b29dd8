import type { HostSampler } from '@tokenwright/core';
import { checkInteger, checkNumber, checkOptionNames } from '@tokenwright/core/options';
import { checkEndTokens, type EosTokenIdsOption } from '../shared/eos-token-ids.ts';

export interface ExponentialLengthDecayOptions extends EosTokenIdsOption {
  /** Tokens of the reply after which it begins, at least 0. */
  readonly start: number;
  /** Above 1 makes the end likelier from token to token, below 1 less likely; more than 0. 1 is off. */
  readonly factor: number;
}

/**
 * Pull a text towards its end: once the reply has n > start tokens, each end token's l -> l + |l| * (factor^(n - start) - 1)
 * (Hugging Face `exponential_decay_length_penalty`).
 *
 * It depends on where zero lies, and an end token at 0 stays there. A removed end token stays removed, where Hugging Face
 * makes it NaN; a logit never leaves the range of float32.
 *
 * Example: end token's logit -2, start 10, factor 1.5, 12 tokens: -2 + 2 * 1.25 = 0.5.
 */
export function exponentialLengthDecay(options: ExponentialLengthDecayOptions): HostSampler {
  checkOptionNames('exponentialLengthDecay', options, ['start', 'factor', 'eosTokenIds']);
  const start = checkInteger('exponentialLengthDecay', 'start', options.start, 0);
  const factor = checkNumber(
    'exponentialLengthDecay',
    'factor',
    options.factor,
    'a number above 0',
    (value) => value > 0,
  );
  const ends = checkEndTokens('exponentialLengthDecay', options);
  return {
    name: 'exponential-length-decay',
    parameters: { start, factor, ...ends.parameters },
    kind: 'penalty',
    traits: {
      dependsOnZero: true,
      keepsArgMax: factor === 1,
      narrows: true,
    },
    onHost: (logits, step) => {
      const beyond = step.position - step.promptLength - start;
      if (beyond <= 0 || factor === 1) return;
      const growth = Math.min(factor ** beyond, largestFloat) - 1;
      for (const id of ends.of(step)) {
        const logit = logits[id]!;
        if (Number.isFinite(logit)) logits[id] = Math.min(logit + Math.abs(logit) * growth, largestFloat);
      }
    },
  };
}

const largestFloat = 3.4028234663852886e38;
