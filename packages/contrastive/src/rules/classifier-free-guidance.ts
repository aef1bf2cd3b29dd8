import { checkNumber, checkOptionNames } from '@tokenwright/core/options';
import { logProbabilities } from '@tokenwright/core/sampling';
import { amongPlausible, type Rule, weightedSum } from '../rule.ts';

/** Options of {@link classifierFreeGuidance}. */
export interface ClassifierFreeGuidanceOptions {
  /** How strongly to steer away from the other source. 1 turns it off, larger is stronger. `guidance_scale` in Hugging Face. */
  readonly guidanceScale: number;
}

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
export function classifierFreeGuidance(options: ClassifierFreeGuidanceOptions): Rule {
  checkOptionNames('classifierFreeGuidance', options, ['guidanceScale']);
  const scale = checkNumber('classifierFreeGuidance', 'guidanceScale', options.guidanceScale, 'a finite number');
  return {
    name: 'classifier-free-guidance',
    parameters: { guidanceScale: scale },
    combine(expert, others) {
      const own = logProbabilities(expert);
      const rest = weightedSum(others.map(({ logits, weight }) => ({ values: logProbabilities(logits), weight })));
      return amongPlausible(expert, 0, (id) => scale * own[id]! + (1 - scale) * rest(id));
    },
  };
}
