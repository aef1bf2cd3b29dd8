import { checkNumber, checkOptionNames } from '@tokenwright/core/options';
import { logProbabilities } from '@tokenwright/core/sampling';
import { amongPlausible, type Rule, weighedSum } from '../rule.ts';

export interface ClassifierFreeGuidanceOptions {
  /** 1 = off; above 1 leads away from what the other source says. */
  readonly scale: number;
}

/**
 * Classifier-free guidance for text (Sanchez et al. 2023, arXiv:2306.17806), on log-probabilities as in Hugging Face:
 *
 *     score = scale * (ln p - ln p_other) + ln p_other
 *
 * The other source is the same model with a negative prompt, or, by default there, with the last token of the prompt alone:
 * `others: [{ prompt: 'last-token' }]`.
 */
export function classifierFreeGuidance(options: ClassifierFreeGuidanceOptions): Rule {
  checkOptionNames('classifierFreeGuidance', options, ['scale']);
  const scale = checkNumber('classifierFreeGuidance', 'scale', options.scale, 'a finite number');
  return {
    name: 'classifier-free-guidance',
    parameters: { scale },
    combine(expert, others) {
      const own = logProbabilities(expert);
      const rest = weighedSum(others.map(({ logits, weight }) => ({ values: logProbabilities(logits), weight })));
      return amongPlausible(expert, 0, (id) => scale * own[id]! + (1 - scale) * rest(id));
    },
  };
}
