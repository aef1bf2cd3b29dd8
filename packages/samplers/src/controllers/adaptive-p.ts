import { defineSampler } from '@tokenwright/core';
import { numberOption, type OptionsOf } from '@tokenwright/core/options';
import { exponential, logSumExp } from '@tokenwright/core/sampling';

const options = {
  /** The probability that sampled tokens should have on average, in [0, 1]. */
  target: numberOption({
    min: 0,
    max: 1,
    suggested: 0.5,
    help: 'Probability that sampled tokens should have on average',
  }),
  /** Memory of the average, in [0, 0.99]: about 1 / (1 - decay) tokens. Default 0.9. */
  decay: numberOption({ min: 0, max: 0.99, default: 0.9, help: 'Memory of the average: about 1 / (1 - decay) tokens' }),
};

export type AdaptivePOptions = OptionsOf<typeof options>;

/**
 * Prefer tokens whose probability is near a target, and move the target so that the sampled tokens meet it on average.
 *
 * With the running sums S of the probabilities of the sampled tokens (in this stage's input) and W of their weights:
 * aim = clamp(2 target - S / W, 0, 1), x = |p_i - aim| / 0.3, new logit = 5 - 10 x^2 / (1 + x). Initially
 * S = target / (1 - decay) and W = 1 / (1 - decay); after each sample S = p + decay S, W = 1 + decay W. A token that was not
 * sampled, such as a forced one, changes neither.
 *
 * It must be the last stage, after a mild filter such as min-p and no other stage that reshapes. In llama.cpp a negative
 * target is "off"; here, leave the stage out. A row with NaN, with +Infinity or with nothing left stays as it is.
 *
 * @see llama.cpp pull request 17927
 * @example
 * ```ts
 * adaptiveP({ target: 0.5 });
 * ```
 */
export const adaptiveP = defineSampler({
  name: 'adaptive-p',
  summary: 'Steer the average probability of the sampled tokens to TARGET',
  source: 'llama.cpp pull request 17927',
  kind: 'controller',
  options,
  create: ({ target, decay }) => ({
    traits: { demotesArgMax: true, narrows: true, stateful: true },
    onHost(logits, step) {
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
  }),
});
