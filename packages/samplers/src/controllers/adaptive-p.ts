import type { HostSampler } from '@tokenwright/core';
import { checkNumber, checkOptionNames } from '@tokenwright/core/options';
import { exponential, logSumExp } from '@tokenwright/core/sampling';

export interface AdaptivePOptions {
  /** Probability that drawn tokens should have on average, in [0, 1]. */
  readonly target: number;
  /** How long the average remembers, in [0, 0.99]: about 1 / (1 - decay) tokens. Default 0.9. */
  readonly decay?: number;
}

/**
 * Prefer tokens whose probability is near a target, and move the target so that the drawn ones meet it on average
 * (llama.cpp pull request 17927).
 *
 * With the running sums S of the drawn tokens' probabilities (as this stage was given them) and W of their weights:
 * aim = clamp(2 target - S / W, 0, 1), x = |p_i - aim| / 0.3, new logit = 5 - 10 x^2 / (1 + x). At first
 * S = target / (1 - decay) and W = 1 / (1 - decay); after each draw S = p + decay S, W = 1 + decay W. A token that was not
 * drawn, such as a forced one, leaves them as they are.
 *
 * It must be the last stage, after a mild filter such as min-p and nothing else that reshapes. llama.cpp takes a negative
 * target as "off"; here leave the stage out. A row with NaN, with +Infinity or with nothing left stays as it is.
 */
export function adaptiveP(options: AdaptivePOptions): HostSampler {
  checkOptionNames('adaptiveP', options, ['target', 'decay']);
  const target = checkNumber(
    'adaptiveP',
    'target',
    options.target,
    'a number from 0 to 1',
    (value) => value >= 0 && value <= 1,
  );
  const decay = checkNumber(
    'adaptiveP',
    'decay',
    options.decay ?? 0.9,
    'a number from 0 to 0.99',
    (value) => value >= 0 && value <= 0.99,
  );
  return {
    name: 'adaptive-p',
    parameters: { target, decay },
    kind: 'controller',
    traits: {
      demotesArgMax: true,
      keepsArgMax: false,
      narrows: true,
      stateful: true,
    },
    onHost: (logits, step) => {
      const { state, sampled } = step;
      let { sum, weight } = state.get<{ sum: number; weight: number }>() ?? {
        sum: target / (1 - decay),
        weight: 1 / (1 - decay),
      };
      if (sampled !== undefined) {
        sum = sampled.before + decay * sum;
        weight = 1 + decay * weight;
      }
      state.set({ sum, weight });
      const normalizer = logSumExp(logits, step.candidates);
      if (!Number.isFinite(normalizer)) return;
      const aim = Math.min(1, Math.max(0, 2 * target - sum / weight));
      const { candidates } = step;
      const total = candidates?.length ?? logits.length;
      for (let i = 0; i < total; i++) {
        const id = candidates === undefined ? i : candidates[i]!;
        if (logits[id] === -Infinity) continue;
        const distance = Math.abs(exponential(logits[id]! - normalizer) - aim) / 0.3;
        logits[id] = 5 - (10 * distance * distance) / (1 + distance);
      }
    },
  };
}
