import { ParameterError, type Strategy } from '@tokenwright/core';
import { choiceOption, integerOption, numberOption, type Option, optional } from '@tokenwright/core/options';
import { beamSearch, contrastiveSearch, promptLookup, speculative } from '@tokenwright/strategies';

/** Options that choose a strategy, under Hugging Face's names. The option `strategy` gives every other one. */
export interface StrategyOptions {
  /** Hypotheses of a beam search. 1 is none. */
  readonly numBeams?: number | undefined;
  /** Exponent of the length by which a beam search divides its scores. Default 1; above 0 favors longer texts. */
  readonly lengthPenalty?: number | undefined;
  /** When a beam search stops: `true` as soon as `numBeams` hypotheses have ended. Default false. */
  readonly earlyStopping?: boolean | 'never' | undefined;
  /** Contrastive search among the `topK` most probable tokens: weight of the penalty for what was said already. 0 is none. */
  readonly penaltyAlpha?: number | undefined;
  /** Speculative decoding that guesses this many tokens from the text so far. Changes speed alone. 0 is none. */
  readonly promptLookupNumTokens?: number | undefined;
}

/** The declarations behind {@link StrategyOptions}. */
export const strategyOptions: {
  readonly [Name in keyof StrategyOptions]-?: Option<StrategyOptions[Name], true>;
} = {
  numBeams: optional(integerOption({ min: 1, off: 1, suggested: 4, help: 'Hypotheses of a beam search' })),
  lengthPenalty: optional(
    numberOption({ suggested: 1, help: 'Exponent of the length by which a beam search divides scores' }),
  ),
  earlyStopping: optional(choiceOption([true, false, 'never'], { help: 'When a beam search stops' })),
  penaltyAlpha: optional(
    numberOption({ min: 0, max: 1, off: 0, suggested: 0.6, help: 'Contrastive search among the topK best tokens' }),
  ),
  promptLookupNumTokens: optional(
    integerOption({ min: 0, off: 0, suggested: 10, help: 'Speculative decoding: tokens to guess from the text' }),
  ),
};

/** Keys of generation_config.json. */
const keyOf: Readonly<Record<keyof typeof strategyOptions, string>> = {
  numBeams: 'num_beams',
  lengthPenalty: 'length_penalty',
  earlyStopping: 'early_stopping',
  penaltyAlpha: 'penalty_alpha',
  promptLookupNumTokens: 'prompt_lookup_num_tokens',
};

/** Each of these chooses a strategy; the others are settings of one. */
const choosers = ['numBeams', 'penaltyAlpha', 'promptLookupNumTokens'] as const;

/**
 * The strategy that options of a call and generation_config.json ask for; undefined for plain sampling. A call that chooses one
 * leaves what the file chooses out.
 *
 * @param topK the number of candidates of a contrastive search.
 * @param samples true when tokens are sampled, false when they are the most probable ones.
 * @throws ParameterError for two strategies, and for a value of the file.
 */
export function strategyOf(
  owner: string,
  given: StrategyOptions,
  generationConfig: Readonly<Record<string, unknown>>,
  topK: number | undefined,
  samples: boolean,
): Strategy | undefined {
  const chooses = choosers.some((name) => given[name] !== undefined);
  const values: Record<string, unknown> = {};
  for (const [name, option] of Object.entries(strategyOptions)) {
    const isChooser = (choosers as readonly string[]).includes(name);
    const configured = chooses && isChooser ? undefined : generationConfig[keyOf[name as keyof typeof keyOf]];
    const value = given[name as keyof StrategyOptions] ?? configured ?? undefined;
    if (value !== undefined) values[name] = option.check(owner, name, value);
  }
  const {
    numBeams = 1,
    lengthPenalty,
    earlyStopping,
    penaltyAlpha = 0,
    promptLookupNumTokens = 0,
  } = values as StrategyOptions;
  const on = {
    numBeams: numBeams > 1,
    penaltyAlpha: penaltyAlpha > 0,
    promptLookupNumTokens: promptLookupNumTokens > 0,
  };
  const [first, second] = choosers.filter((name) => on[name]);
  if (second !== undefined)
    throw new ParameterError(owner, second, `left out when ${first} is given, as each is a strategy`, values[second]);
  if (on.numBeams)
    return beamSearch({
      numBeams,
      doSample: samples,
      ...(lengthPenalty === undefined ? {} : { lengthPenalty }),
      ...(earlyStopping === undefined ? {} : { earlyStopping }),
    });
  if (on.penaltyAlpha) return contrastiveSearch({ penaltyAlpha, ...(topK === undefined ? {} : { topK }) });
  if (on.promptLookupNumTokens)
    return speculative({ draft: promptLookup(), numAssistantTokens: promptLookupNumTokens, accept: 'match' });
  return undefined;
}
