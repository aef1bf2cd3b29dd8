import { choiceOption, integerOption, numberOption, type OptionValues } from '@tokenwright/core/options';

/** The options that all kinds of deterministic beam search share. */
export const beamOptions = {
  /** Hypotheses per prompt, an integer from 1 to 65,536. 1 is greedy decoding. */
  numBeams: integerOption({ min: 1, max: 65_536, off: 1, suggested: 4, help: 'Hypotheses per prompt' }),
  /**
   * A finished hypothesis scores `sum of log-probabilities / (new tokens, end token included) ^ lengthPenalty`. Values above 0
   * favor longer sequences, values below 0 favor shorter ones, and 0 is off. Default 1.
   */
  lengthPenalty: numberOption({
    default: 1,
    off: 0,
    suggested: 1,
    help: 'Exponent of the length that divides the score: above 0 favors longer sequences',
  }),
  /**
   * When a prompt is done, once `numBeams` hypotheses have finished. `true`: immediately. `false`: when the best live
   * hypothesis, scored at its current length, does not beat the worst finished one (a heuristic: with a positive length penalty
   * it could still improve). `'never'`: when the best live hypothesis cannot win even at the maximum length. Default `false`.
   */
  earlyStopping: choiceOption([true, false, 'never'], {
    default: false,
    help: 'Stop once numBeams hypotheses have finished; never: only when no live one can still win',
  }),
};

/** Everything that a beam depends on. */
export interface BeamSettings extends OptionValues<typeof beamOptions> {
  /**
   * What the sampler chain receives. `'logits'`: the model's logits; the result is normalized. `'log-probabilities'`: the
   * log-softmax; the result is added to the score without normalization, as Hugging Face does.
   */
  readonly domain: 'logits' | 'log-probabilities';
  /** Whose rules for the end of a search apply: ours (those of Transformers 5), or those of Transformers 4.47. */
  readonly release: '5' | '4.47';
}

/** The settings of the public strategies. */
export const ownRules = { domain: 'logits', release: '5' } as const;
