import { ParameterError, type Sampler } from '@tokenwright/core';
import {
  checkList,
  checkOptions,
  choiceOption,
  customOption,
  integerOption,
  numberOption,
  type OptionsOf,
  type OptionValues,
  tokenListsOption,
} from '@tokenwright/core/options';
import { dynamicTemperature } from '../compat/dynamic-temperature.ts';
import { mirostat1 } from '../compat/mirostat-1.ts';
import { typicalP } from '../compat/typical-p.ts';
import { thinkingBudget } from '../constraints/thinking-budget.ts';
import { adaptiveP } from '../controllers/adaptive-p.ts';
import { mirostatOptions } from '../controllers/mirostat.ts';
import { mirostat2 } from '../controllers/mirostat-2.ts';
import { minP } from '../filters/min-p.ts';
import { topK } from '../filters/top-k.ts';
import { topNSigma } from '../filters/top-n-sigma.ts';
import { topP } from '../filters/top-p.ts';
import { xtc } from '../filters/xtc.ts';
import { additivePenalty } from '../penalties/additive-penalty.ts';
import { dry } from '../penalties/dry.ts';
import { repetitionPenalty } from '../penalties/repetition-penalty.ts';
import { tokenBias } from '../penalties/token-bias.ts';
import { temperature } from '../shaping/temperature.ts';
import { definePreset, orNull } from './preset.ts';

const stageNames = [
  'penalties',
  'dry',
  'top_n_sigma',
  'top_k',
  'typ_p',
  'top_p',
  'min_p',
  'xtc',
  'temperature',
] as const;

/** The stages of llama.cpp's `--samplers`. */
export type LlamaCppStage = (typeof stageNames)[number];

const options = {
  /** The stages between bias and sampling, in order. Default: all, in the order of {@link LlamaCppStage}. */
  samplers: customOption<readonly LlamaCppStage[]>({
    kind: 'json',
    default: stageNames,
    help: 'The stages between bias and sampling, in order',
    allowed: `a list of ${stageNames.join(', ')}`,
    check(owner, name, value) {
      const allowed = `a list of ${stageNames.join(', ')}`;
      const item = (stage: unknown): LlamaCppStage => {
        if (stageNames.includes(stage as LlamaCppStage)) return stage as LlamaCppStage;
        throw new ParameterError(owner, name, allowed, stage);
      };
      return checkList(owner, name, value, allowed, { item });
    },
  }),
  /** Limit of the thinking, before all other stages. Default null, off. */
  reasoningBudget: orNull(
    customOption<OptionsOf<typeof thinkingBudget.definition.options>>({
      kind: 'json',
      help: 'Options of thinkingBudget',
      allowed: 'the options of thinkingBudget',
      check: (owner, name, value) =>
        checkOptions(`${owner}: ${name}`, thinkingBudget.definition.options, value as never),
    }),
  ),
  /** Added to logits by token id, '-Infinity' removes; before all stages, with mirostat too. Default none. */
  logitBias: { ...tokenBias.definition.options.biases, optional: true as const, default: {}, off: {} },
  /** 1 is off. Default 1. */
  repeatPenalty: numberOption({ above: 0, default: 1, off: 1, help: 'Above 1 discourages tokens that occurred' }),
  /** 0 is off. Default 0. */
  frequencyPenalty: numberOption({ default: 0, off: 0, help: 'Subtracted for each occurrence of a token' }),
  /** 0 is off. Default 0. */
  presencePenalty: numberOption({ default: 0, off: 0, help: 'Subtracted once from each token that occurred' }),
  /** Number of last tokens that the penalties consider; -1 is all, 0 is off. Default 64. */
  repeatLastN: integerOption({
    min: -1,
    default: 64,
    off: 0,
    help: 'How many of the last tokens the penalties consider',
  }),
  /** 0 is off. Default 0. */
  dryMultiplier: numberOption({ min: 0, default: 0, off: 0, help: 'Penalty of the shortest repetition that counts' }),
  /** Below 1 is off. Default 1.75. */
  dryBase: numberOption({ default: 1.75, off: 0, help: 'Growth with each further token' }),
  /** Default 2. */
  dryAllowedLength: integerOption({ min: 0, default: 2, help: 'Tokens that may repeat without a penalty' }),
  /** Number of last tokens that DRY searches; -1 is all, as older releases had it, 0 is off. Default 64. */
  dryPenaltyLastN: integerOption({ min: -1, default: 64, off: 0, help: 'How many of the last tokens DRY searches' }),
  /** As lists of tokens: `dryBreakers(tokenizer)` makes llama.cpp's own. Default none. */
  drySequenceBreakers: tokenListsOption({
    default: [],
    help: 'Sequences of tokens that a repetition does not extend across',
  }),
  /** 0 or less is off. Default -1. */
  topNSigma: numberOption({ default: -1, off: -1, help: 'Standard deviations that a token may be below the top' }),
  /** 0 or less is off. Default 40. */
  topK: integerOption({ default: 40, off: 0, help: 'How many tokens to keep' }),
  /** 1 or more is off. Default 1. */
  typicalP: numberOption({ above: 0, default: 1, off: 1, help: 'Mass of the most typical tokens to keep' }),
  /** 1 or more is off. Default 0.95. */
  topP: numberOption({ min: 0, default: 0.95, off: 1, help: 'Probability mass to keep' }),
  /** 0 or less is off. Default 0.05. */
  minP: numberOption({ max: 1, default: 0.05, off: 0, help: 'Share of the largest probability' }),
  /** 0 or less is off. Default 0. */
  xtcProbability: numberOption({ max: 1, default: 0, off: 0, help: 'How often XTC acts' }),
  /** Above 0.5 is off. Default 0.1. */
  xtcThreshold: numberOption({ min: 0, default: 0.1, help: 'Probability from which a token is a top choice' }),
  /** 0 or less is greedy, 1 is off. Default 0.8. */
  temperature: numberOption({ default: 0.8, off: 1, help: 'Divisor of the logits; 0 or less is greedy' }),
  /** 0 or less is off. Default 0. */
  dynatempRange: numberOption({ default: 0, off: 0, help: 'How far the temperature may deviate to each side' }),
  /** Default 1. */
  dynatempExponent: numberOption({ above: 0, default: 1, help: 'Exponent of the relative entropy' }),
  /** The number of tokens that typical-p, top-p, min-p and XTC keep at least; 0 means 1. Default 0. */
  minKeep: integerOption({ min: 0, default: 0, help: 'The number of tokens that the filters keep at least' }),
  /** 1 or 2: only temperature and this mirostat run, and `samplers` has no effect. Default 0, off. */
  mirostat: choiceOption([0, 1, 2], { default: 0, off: 0, help: 'The version of mirostat, or 0' }),
  /** Default 5. */
  mirostatTau: mirostatOptions.tau,
  /** Default 0.1. */
  mirostatEta: mirostatOptions.eta,
  /** Negative is off. Otherwise adaptive-p is the last stage. Default -1. */
  adaptiveTarget: numberOption({
    max: 1,
    default: -1,
    off: -1,
    help: 'Probability that sampled tokens should have on average; negative is off',
  }),
  /** Default 0.9. */
  adaptiveDecay: adaptiveP.definition.options.decay,
};

/** The sampling parameters of llama.cpp, in camelCase. */
export type LlamaCppOptions = OptionsOf<typeof options>;

type Values = OptionValues<typeof options>;

/** The stages by the names of llama.cpp; undefined for one that the options leave out. */
const stageOf: Readonly<Record<LlamaCppStage, (values: Values) => readonly Sampler[] | Sampler | undefined>> = {
  penalties({ repeatPenalty: penalty, frequencyPenalty: frequency, presencePenalty: presence, repeatLastN }) {
    if (repeatLastN === 0) return undefined;
    const window = repeatLastN < 0 ? 'all' : repeatLastN;
    return [
      ...(penalty === 1 ? [] : [repetitionPenalty({ penalty, window })]),
      ...(frequency === 0 && presence === 0
        ? []
        : [additivePenalty({ frequency, presence, window, countPrompt: true })]),
    ];
  },
  dry({ dryMultiplier, dryBase, dryAllowedLength, dryPenaltyLastN, drySequenceBreakers }) {
    if (dryMultiplier === 0 || dryBase < 1 || dryPenaltyLastN === 0) return undefined;
    return dry({
      multiplier: dryMultiplier,
      base: dryBase,
      allowedLength: dryAllowedLength,
      window: dryPenaltyLastN < 0 ? 'all' : dryPenaltyLastN,
      breakers: drySequenceBreakers,
    });
  },
  top_n_sigma: ({ topNSigma: sigmas }) => (sigmas > 0 ? topNSigma({ sigmas }) : undefined),
  top_k: ({ topK: k }) => (k > 0 ? topK({ k, ties: 'exactly-k' }) : undefined),
  typ_p: ({ typicalP: p, minKeep }) =>
    p < 1 ? typicalP({ p, border: 'at-most', ties: 'cut', minKeep: Math.max(1, minKeep) }) : undefined,
  top_p: ({ topP: p, minKeep }) => (p < 1 ? topP({ p, minKeep: Math.max(1, minKeep) }) : undefined),
  min_p: ({ minP: p, minKeep }) => (p > 0 ? minP({ p, minKeep: Math.max(1, minKeep) }) : undefined),
  xtc: ({ xtcProbability: probability, xtcThreshold: threshold, minKeep }) =>
    probability > 0 && threshold <= 0.5 ? xtc({ probability, threshold, minKeep: Math.max(1, minKeep) }) : undefined,
  temperature(values) {
    const { temperature: t, dynatempRange: range, dynatempExponent: exponent } = values;
    if (range > 0)
      return dynamicTemperature({ temperature: Math.max(0, t), range, exponent, listed: listedTokens(values) });
    return plainTemperature(values);
  },
};

const plainTemperature = ({ temperature: t }: Values): Sampler | undefined =>
  t === 1 ? undefined : temperature({ temperature: Math.max(0, t) });

/**
 * The length of llama.cpp's list at the temperature. A bias of -Infinity and top-n-sigma leave tokens in it; a mass or a
 * threshold removes them, so that only tokens that are left are listed. XTC removes them too, when it acts.
 */
function listedTokens(values: Values): 'left' | 'vocabulary' | number {
  const { samplers, topK, typicalP, topP, minP, xtcProbability, xtcThreshold } = values;
  const before = samplers.slice(0, samplers.indexOf('temperature'));
  const removes =
    (before.includes('typ_p') && typicalP < 1) ||
    (before.includes('top_p') && topP < 1) ||
    (before.includes('min_p') && minP > 0) ||
    (before.includes('xtc') && xtcProbability > 0 && xtcThreshold <= 0.5);
  if (removes) return 'left';
  return before.includes('top_k') && topK > 0 ? topK : 'vocabulary';
}

/**
 * The chain of llama.cpp: thinking budget, bias, penalties (multiplicative first), DRY, top-n-sigma, top-k (exactly k),
 * typical-p (mass before a token at most p, ties cut), top-p (mass before a token below p), min-p, XTC, then the
 * temperature. Filters act on the model's own distribution. With `mirostat`: thinking budget, bias, temperature, mirostat.
 *
 * The order and the defaults are those of llama.cpp 0.5.0 (common/common.h at commit de3ff815ea7d, 2026-09-28), as at 001d906a6d86.
 * Before that, DRY searched the whole text: `dryPenaltyLastN: -1`.
 *
 * @example
 * ```ts
 * llamaCpp({ topK: 20, temperature: 0.7, repeatPenalty: 1.1 });
 * ```
 */
export const llamaCpp = definePreset({
  name: 'llama-cpp',
  summary: 'The chain of llama.cpp',
  options,
  names: {
    thinkingBudget: { closing: 'reasoningBudget' },
    tokenBias: { biases: 'logitBias' },
  },
  stages(values) {
    const { reasoningBudget, logitBias: biases, mirostat, mirostatTau: tau, mirostatEta: eta } = values;
    const { adaptiveTarget: target, adaptiveDecay: decay } = values;
    const before = [
      reasoningBudget === null ? undefined : thinkingBudget(reasoningBudget),
      Object.keys(biases).length === 0 ? undefined : tokenBias({ biases }),
    ];
    if (mirostat !== 0) {
      const controller = mirostat === 1 ? mirostat1({ tau, eta, overflow: 'keep-one' }) : mirostat2({ tau, eta });
      return [...before, plainTemperature(values), controller];
    }
    return [
      ...before,
      ...values.samplers.flatMap((name) => stageOf[name](values) ?? []),
      target < 0 ? undefined : adaptiveP({ target, decay }),
    ];
  },
});
