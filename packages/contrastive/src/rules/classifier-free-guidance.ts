import { numberOption, type OptionsOf } from '@tokenwright/core/options';
import { logProbabilities } from '@tokenwright/core/sampling';
import { defineRule, strongest } from '../define-rule.ts';
import { amongPlausible, weightedSum } from '../rule.ts';

const options = {
  /** How strongly to steer away from the other source. 1 turns it off, larger is stronger, up to a million. `guidance_scale` in Hugging Face. */
  guidanceScale: numberOption({
    off: 1,
    suggested: 1.5,
    min: -strongest,
    max: strongest,
    help: 'How strongly to steer away from the other source',
  }),
};

/** Options of {@link classifierFreeGuidance}. */
export type ClassifierFreeGuidanceOptions = OptionsOf<typeof options>;

/**
 * Classifier-free guidance for text (Sanchez et al. 2023, arXiv:2306.17806), on log-probabilities as in Hugging Face:
 *
 *     score = guidanceScale * (ln p - ln p_other) + ln p_other
 *
 * The other source is the same model with a negative prompt, or with the last token of the prompt alone, which is the default in
 * Hugging Face: `others: [{ prompt: 'last-token' }]`.
 *
 * @throws ParameterError, UnknownOptionError.
 * @example
 * ```ts
 * const rule = classifierFreeGuidance({ guidanceScale: 1.5 });
 * const guided = combine({ expert: model, others: [{ prompt: tokenizer.encode('A sad story:') }], rule });
 * ```
 */
export const classifierFreeGuidance = defineRule({
  name: 'classifier-free-guidance',
  summary: 'Classifier-free guidance: steer away from the other source',
  source: 'Sanchez et al. 2023, arXiv:2306.17806',
  options,
  create: ({ guidanceScale }) => ({
    combine(expert, others) {
      const own = logProbabilities(expert);
      const rest = weightedSum(others.map(({ logits, weight }) => ({ values: logProbabilities(logits), weight })));
      return amongPlausible(expert, 0, (id) => guidanceScale * own[id]! + (1 - guidanceScale) * rest(id));
    },
  }),
});
