import { ParameterError, type Sampler } from '@tokenwright/core';
import {
  checkOptions,
  choiceOption,
  integerOption,
  numberOption,
  type Option,
  type OptionsOf,
  type OuterNames,
  optional,
  tokenListsOption,
  tokensOption,
} from '@tokenwright/core/options';
import { camelCase } from '@tokenwright/core/sampling';
import { badWords } from '../constraints/bad-words.ts';
import { encoderNoRepeatNgram } from '../constraints/encoder-no-repeat-ngram.ts';
import { noRepeatNgram } from '../constraints/no-repeat-ngram.ts';
import { suppressTokens } from '../constraints/suppress-tokens.ts';
import { adaptiveP } from '../controllers/adaptive-p.ts';
import { mirostatOptions } from '../controllers/mirostat.ts';
import { mirostat1 } from '../controllers/mirostat-1.ts';
import { mirostat2 } from '../controllers/mirostat-2.ts';
import { epsilonCutoff } from '../filters/epsilon-cutoff.ts';
import { etaCutoff } from '../filters/eta-cutoff.ts';
import { minP } from '../filters/min-p.ts';
import { topA } from '../filters/top-a.ts';
import { topH } from '../filters/top-h.ts';
import { topK } from '../filters/top-k.ts';
import { topNSigma } from '../filters/top-n-sigma.ts';
import { topP } from '../filters/top-p.ts';
import { typicalP } from '../filters/typical-p.ts';
import { xtc } from '../filters/xtc.ts';
import { additivePenalty } from '../penalties/additive-penalty.ts';
import { dry } from '../penalties/dry.ts';
import { encoderRepetitionPenalty } from '../penalties/encoder-repetition-penalty.ts';
import { repetitionPenalty } from '../penalties/repetition-penalty.ts';
import { tokenBias } from '../penalties/token-bias.ts';
import { dynamicTemperature } from '../shaping/dynamic-temperature.ts';
import { greedy } from '../shaping/greedy.ts';
import { temperature } from '../shaping/temperature.ts';
import { renamedStage } from '../shared/renamed-stage.ts';

/** An option that sets nothing when it is left out. */
function unset<Value>(option: Option<Value, boolean>): Option<Value | undefined, true> {
  return { ...optional(option as Option<Value, false>), default: undefined };
}

const ngram = (help: string): Option<number | undefined, true> =>
  optional(integerOption({ min: 0, off: 0, suggested: 3, help }));

/**
 * The common samplers as flat options: for the front door, command lines and forms. An option that Hugging Face's `generate`
 * has carries its name in camelCase; one that only llama.cpp has carries llama.cpp's; then come the names of OpenAI. Each may
 * be left out, and then it sets nothing.
 */
export const flatSamplingOptions = {
  /** Divisor of the logits. 1 is off; 0 is greedy, and then no filter and no controller is made. */
  temperature: unset(temperature.definition.options.temperature),
  /** How many tokens to keep. 0 is off. */
  topK: optional(integerOption({ min: 0, off: 0, suggested: 40, help: 'How many tokens to keep' })),
  /** Probability mass to keep. 1 is off. */
  topP: unset(topP.definition.options.p),
  /** Share of the largest probability that a token needs. 0 is off. */
  minP: unset(minP.definition.options.p),
  /** Factor of the squared largest probability that a token needs (x-transformers, KoboldAI). 0 is off. */
  topA: unset(topA.definition.options.ratio),
  /** How many standard deviations a token may be below the largest logit. 0 is off. */
  topNSigma: unset(topNSigma.definition.options.sigmas),
  /** Mass of the most typical tokens to keep. 1 is off. */
  typicalP: unset(typicalP.definition.options.p),
  /** Smallest probability that stays. 0 is off. */
  epsilonCutoff: unset(epsilonCutoff.definition.options.epsilon),
  /** Like epsilonCutoff, with a threshold that follows the entropy. 0 is off. */
  etaCutoff: unset(etaCutoff.definition.options.epsilon),
  /** Share of the entropy to keep. 0 is off. */
  topH: optional(numberOption({ min: 0, max: 1, off: 0, suggested: 0.4, help: 'Share of the entropy to keep' })),
  /** How often XTC removes the top choices. 0 is off. */
  xtcProbability: unset(xtc.definition.options.probability),
  /** Probability from which a token is a top choice. Default 0.1. Needs `xtcProbability`. */
  xtcThreshold: unset(xtc.definition.options.threshold),
  /** Above 1 discourages tokens that occurred, prompt included. 1 is off. */
  repetitionPenalty: unset(repetitionPenalty.definition.options.penalty),
  /** Above 1 encourages the tokens of the source. 1 is off. */
  encoderRepetitionPenalty: unset(encoderRepetitionPenalty.definition.options.penalty),
  /** Subtracted for each occurrence of a token in the reply. 0 is off. */
  frequencyPenalty: unset(additivePenalty.definition.options.frequency),
  /** Subtracted once from each token that occurred in the reply. 0 is off. */
  presencePenalty: unset(additivePenalty.definition.options.presence),
  /** How many of the last tokens the three penalties consider; -1 is all, the default. Needs one of them. */
  repeatLastN: optional(
    integerOption({ min: -1, suggested: 64, help: 'How many of the last tokens the penalties consider; -1 is all' }),
  ),
  /** Length of the sequences that must not occur twice. 0 is off. */
  noRepeatNgramSize: ngram('Length of the sequences that must not occur twice'),
  /** Length of the sequences of the source that must not be copied. 0 is off. */
  encoderNoRepeatNgramSize: ngram('Length of the sequences of the source that must not be copied'),
  /** Sequences of tokens that must not occur. Empty is off. */
  badWordsIds: optional(tokenListsOption({ off: [], help: 'Sequences of tokens that must not occur' })),
  /** Tokens to remove. Empty is off. */
  suppressTokens: optional(tokensOption({ off: [], help: 'Tokens to remove' })),
  /** Amounts by token id; '-Infinity' removes the token. Empty is off. */
  logitBias: unset(tokenBias.definition.options.biases),
  /** Penalty of the shortest repetition that counts (DRY). 0 is off. */
  dryMultiplier: unset(dry.definition.options.multiplier),
  /** Growth with each further token. Default 1.75. Needs `dryMultiplier`. */
  dryBase: unset(dry.definition.options.base),
  /** Tokens that may repeat without a penalty. Default 2. Needs `dryMultiplier`. */
  dryAllowedLength: unset(dry.definition.options.allowedLength),
  /** How many of the last tokens DRY searches; -1 is all, the default. Needs `dryMultiplier`. */
  dryPenaltyLastN: optional(integerOption({ min: -1, help: 'How many of the last tokens DRY searches; -1 is all' })),
  /** Sequences that a repetition does not extend across: see `dryBreakers`. Needs `dryMultiplier`. */
  drySequenceBreakers: unset(dry.definition.options.breakers),
  /** How far the temperature may deviate to each side with the entropy. 0 is off. */
  dynatempRange: unset(dynamicTemperature.definition.options.range),
  /** Exponent of the relative entropy. Default 1. Needs `dynatempRange`. */
  dynatempExponent: unset(dynamicTemperature.definition.options.exponent),
  /** The version of mirostat. 0 is off. */
  mirostat: optional(choiceOption([0, 1, 2], { off: 0, suggested: 2, help: 'The version of mirostat; 0 is off' })),
  /** Target surprise, in bits per token. Default 5. Needs `mirostat`. */
  mirostatTau: unset(mirostatOptions.tau),
  /** Learning rate. Default 0.1. Needs `mirostat`. */
  mirostatEta: unset(mirostatOptions.eta),
  /** Probability that sampled tokens should have on average (adaptive-p). */
  adaptiveTarget: unset(adaptiveP.definition.options.target),
  /** Memory of that average. Default 0.9. Needs `adaptiveTarget`. */
  adaptiveDecay: unset(adaptiveP.definition.options.decay),
};

export type FlatSamplingOptions = OptionsOf<typeof flatSamplingOptions>;

/** Options that refine others: without one of those, they would have no effect. */
const refinements: readonly (readonly [keyof FlatSamplingOptions, readonly (keyof FlatSamplingOptions)[]])[] = [
  ['xtcThreshold', ['xtcProbability']],
  ['repeatLastN', ['repetitionPenalty', 'frequencyPenalty', 'presencePenalty']],
  ['dryBase', ['dryMultiplier']],
  ['dryAllowedLength', ['dryMultiplier']],
  ['dryPenaltyLastN', ['dryMultiplier']],
  ['drySequenceBreakers', ['dryMultiplier']],
  ['dynatempExponent', ['dynatempRange']],
  ['mirostatTau', ['mirostat']],
  ['mirostatEta', ['mirostat']],
  ['adaptiveDecay', ['adaptiveTarget']],
];

/**
 * The chain that flat options ask for; `[]` when they set nothing. `printChain` shows it.
 *
 * The order is that of Hugging Face, with the stages that it lacks where they belong: encoder repetition penalty, repetition
 * penalty, frequency and presence penalty, DRY, logit bias, no-repeat n-gram, encoder no-repeat n-gram, bad words, suppressed
 * tokens, temperature, top-n-sigma, top-H, top-k, top-p, min-p, top-a, typical-p, epsilon cutoff, eta cutoff, XTC, then
 * mirostat or adaptive-p.
 *
 * `temperature: 0` is greedy: the stages before the temperature stay, then comes `greedy`. Filters and controllers are left
 * out, because the choice does not depend on them.
 *
 * @throws ParameterError for a value out of range, and for an option that has no effect without another one.
 * @throws UnknownOptionError with the nearest name.
 * @example
 * ```ts
 * samplersFromOptions({ temperature: 0.8, topP: 0.95, repetitionPenalty: 1.1 });
 * ```
 */
export function samplersFromOptions(given: FlatSamplingOptions = {}): Sampler[] {
  const owner = 'samplersFromOptions';
  const options = checkOptions(owner, flatSamplingOptions, given);
  for (const [refinement, refined] of refinements)
    if (options[refinement] !== undefined && refined.every((name) => options[name] === undefined))
      throw new ParameterError(
        owner,
        refinement,
        `left out without ${refined.join(', ').replace(/, ([^,]*)$/, ' or $1')}`,
        options[refinement],
      );
  if (options.mirostat !== undefined && options.mirostat !== 0 && options.adaptiveTarget !== undefined)
    throw new ParameterError(owner, 'adaptiveTarget', 'left out with mirostat', options.adaptiveTarget);

  const before = stagesBeforeTemperature(options).map((stage) =>
    Object.hasOwn(names, camelCase(stage.name)) ? renamedStage(owner, names, stage) : stage,
  );
  if (options.temperature === 0) return [...before, greedy()];
  return [...before, ...temperatureAndFilters(options), ...controllers(options)];
}

/** The option behind each parameter that a stage may refuse while decoding. */
const names: OuterNames = {
  badWords: { words: 'badWordsIds' },
  suppressTokens: { tokens: 'suppressTokens' },
  tokenBias: { biases: 'logitBias' },
};

type Values = ReturnType<typeof checkOptions<typeof flatSamplingOptions>>;

function stagesBeforeTemperature(options: Values): Sampler[] {
  const { repetitionPenalty: penalty = 1, frequencyPenalty: frequency = 0, presencePenalty: presence = 0 } = options;
  const { encoderRepetitionPenalty: encoderPenalty = 1, dryMultiplier = 0, logitBias = {} } = options;
  const {
    noRepeatNgramSize = 0,
    encoderNoRepeatNgramSize = 0,
    badWordsIds = [],
    suppressTokens: tokens = [],
  } = options;
  const window = lastTokens(options.repeatLastN);
  const chain: Sampler[] = [];
  if (encoderPenalty !== 1) chain.push(encoderRepetitionPenalty({ penalty: encoderPenalty }));
  if (penalty !== 1) chain.push(repetitionPenalty({ penalty, window }));
  if (frequency !== 0 || presence !== 0) chain.push(additivePenalty({ frequency, presence, window }));
  if (dryMultiplier !== 0)
    chain.push(
      dry({
        multiplier: dryMultiplier,
        base: options.dryBase,
        allowedLength: options.dryAllowedLength,
        window: lastTokens(options.dryPenaltyLastN),
        breakers: options.drySequenceBreakers,
      }),
    );
  if (Object.keys(logitBias).length > 0) chain.push(tokenBias({ biases: logitBias }));
  if (noRepeatNgramSize > 0) chain.push(noRepeatNgram({ size: noRepeatNgramSize }));
  if (encoderNoRepeatNgramSize > 0) chain.push(encoderNoRepeatNgram({ size: encoderNoRepeatNgramSize }));
  if (badWordsIds.length > 0) chain.push(badWords({ words: badWordsIds }));
  if (tokens.length > 0) chain.push(suppressTokens({ tokens }));
  return chain;
}

function temperatureAndFilters(options: Values): Sampler[] {
  const { temperature: t = 1, dynatempRange: range = 0, topNSigma: sigmas = 0, topH: entropyShare = 0 } = options;
  const { topK: k = 0, topP: mass = 1, minP: share = 0, topA: ratio = 0, typicalP: typicalMass = 1 } = options;
  const { epsilonCutoff: epsilon = 0, etaCutoff: eta = 0, xtcProbability: probability = 0 } = options;
  const chain: Sampler[] = [];
  if (range > 0) chain.push(dynamicTemperature({ temperature: t, range, exponent: options.dynatempExponent }));
  else if (t !== 1) chain.push(temperature({ temperature: t }));
  if (sigmas > 0) chain.push(topNSigma({ sigmas }));
  if (entropyShare > 0) chain.push(topH({ entropyShare }));
  if (k > 0) chain.push(topK({ k }));
  if (mass < 1) chain.push(topP({ p: mass }));
  if (share > 0) chain.push(minP({ p: share }));
  if (ratio > 0) chain.push(topA({ ratio }));
  if (typicalMass < 1) chain.push(typicalP({ p: typicalMass }));
  if (epsilon > 0) chain.push(epsilonCutoff({ epsilon }));
  if (eta > 0) chain.push(etaCutoff({ epsilon: eta }));
  if (probability > 0) chain.push(xtc({ probability, threshold: options.xtcThreshold }));
  return chain;
}

function controllers(options: Values): Sampler[] {
  const { mirostat = 0, mirostatTau: tau, mirostatEta: eta, adaptiveTarget: target, adaptiveDecay: decay } = options;
  if (mirostat !== 0) return [mirostat === 1 ? mirostat1({ tau, eta }) : mirostat2({ tau, eta })];
  return target === undefined ? [] : [adaptiveP({ target, decay })];
}

/** -1 is all, as in llama.cpp. */
function lastTokens(count: number | undefined): number | 'all' {
  return count === undefined || count === -1 ? 'all' : count;
}
