import { ParameterError, type Sampler } from '@tokenwright/core';
import { checkInteger, checkNumber } from '@tokenwright/core/options';
import { type ThinkingBudgetOptions, thinkingBudget } from '../constraints/thinking-budget.ts';
import { adaptiveP } from '../controllers/adaptive-p.ts';
import { mirostat1 } from '../controllers/mirostat-1.ts';
import { mirostat2 } from '../controllers/mirostat-2.ts';
import { minP } from '../filters/min-p.ts';
import { topK } from '../filters/top-k.ts';
import { topNSigma } from '../filters/top-n-sigma.ts';
import { topP } from '../filters/top-p.ts';
import { typicalP } from '../filters/typical-p.ts';
import { xtc } from '../filters/xtc.ts';
import { additivePenalty } from '../penalties/additive-penalty.ts';
import { dry } from '../penalties/dry.ts';
import { repetitionPenalty } from '../penalties/repetition-penalty.ts';
import { type TokenBiasOptions, tokenBias } from '../penalties/token-bias.ts';
import { dynamicTemperature } from '../shaping/dynamic-temperature.ts';
import { temperature } from '../shaping/temperature.ts';
import { buildPreset, type PresetStage, type PresetStages } from './preset.ts';

/** The sampling parameters of llama.cpp, in camel case. */
export interface LlamaCppOptions {
  /** The stages between bias and draw, and their order. Default: all that are named here, in that order. */
  readonly samplers?: readonly LlamaCppStage[];
  /** Bound on the thinking; before everything else. Default null, off. */
  readonly reasoningBudget?: ThinkingBudgetOptions | null;
  /** Added to logits by token id, '-Infinity' removes; before all stages, also with mirostat. Default none. */
  readonly logitBias?: TokenBiasOptions['biases'];
  /** 1 is off. Default 1. */
  readonly repeatPenalty?: number;
  /** 0 is off. Default 0. */
  readonly frequencyPenalty?: number;
  /** 0 is off. Default 0. */
  readonly presencePenalty?: number;
  /** Tokens that the penalties look at; -1 is all, 0 is off. Default 64. */
  readonly repeatLastN?: number;
  /** 0 is off. Default 0. */
  readonly dryMultiplier?: number;
  /** Default 1.75. */
  readonly dryBase?: number;
  /** Default 2. */
  readonly dryAllowedLength?: number;
  /** Tokens that DRY searches; -1 is all, 0 is off. Default -1. */
  readonly dryPenaltyLastN?: number;
  /** As token lists: `dryBreakers(tokenizer)` makes llama.cpp's own. Default none. */
  readonly drySequenceBreakers?: readonly (readonly number[])[];
  /** 0 or less is off. Default -1. */
  readonly topNSigma?: number;
  /** 0 or less is off. Default 40. */
  readonly topK?: number;
  /** 1 or more is off. Default 1. */
  readonly typicalP?: number;
  /** 1 or more is off. Default 0.95. */
  readonly topP?: number;
  /** 0 is off. Default 0.05. */
  readonly minP?: number;
  /** 0 is off. Default 0. */
  readonly xtcProbability?: number;
  /** Default 0.1. */
  readonly xtcThreshold?: number;
  /** 0 or less is greedy, 1 is off. Default 0.8. */
  readonly temperature?: number;
  /** 0 is off. Default 0. */
  readonly dynatempRange?: number;
  /** Default 1. */
  readonly dynatempExponent?: number;
  /** Least tokens that typical, top-p, min-p and XTC keep; 0 means 1. Default 0. */
  readonly minKeep?: number;
  /** 1 or 2: only temperature and this mirostat run, and `samplers` is ignored. Default 0, off. */
  readonly mirostat?: 0 | 1 | 2;
  /** Default 5. */
  readonly mirostatTau?: number;
  /** Default 0.1. */
  readonly mirostatEta?: number;
  /** Negative is off. Otherwise adaptive-p comes last. Default -1. */
  readonly adaptiveTarget?: number;
  /** Default 0.9. */
  readonly adaptiveDecay?: number;
}

/** llama.cpp's own names of its stages. */
export type LlamaCppStage =
  | 'penalties'
  | 'dry'
  | 'top_n_sigma'
  | 'top_k'
  | 'typ_p'
  | 'top_p'
  | 'min_p'
  | 'xtc'
  | 'temperature';

type Filled = Required<LlamaCppOptions>;

/** In the default order. */
const byName: Readonly<Record<LlamaCppStage, PresetStage<Filled>>> = {
  penalties: [
    'repeatPenalty',
    ({ repeatPenalty: penalty, frequencyPenalty: frequency, presencePenalty: presence, repeatLastN }) => {
      if (repeatLastN === 0) return undefined;
      const window = repeatLastN < 0 ? 'all' : repeatLastN;
      return [
        ...(penalty === 1 ? [] : [repetitionPenalty({ penalty, window })]),
        ...(frequency === 0 && presence === 0
          ? []
          : [additivePenalty({ frequency, presence, window, countPrompt: true })]),
      ];
    },
  ],
  dry: [
    'dryMultiplier',
    ({ dryMultiplier, dryBase, dryAllowedLength, dryPenaltyLastN, drySequenceBreakers }) =>
      dryMultiplier === 0 || dryBase < 1 || dryPenaltyLastN === 0
        ? undefined
        : dry({
            multiplier: dryMultiplier,
            base: dryBase,
            allowedLength: dryAllowedLength,
            window: dryPenaltyLastN < 0 ? 'all' : dryPenaltyLastN,
            breakers: drySequenceBreakers,
          }),
  ],
  top_n_sigma: ['topNSigma', ({ topNSigma: sigmas }) => (sigmas > 0 ? topNSigma({ sigmas }) : undefined)],
  top_k: ['topK', ({ topK: k }) => (k > 0 ? topK({ k, ties: 'exactly-k' }) : undefined)],
  typ_p: [
    'typicalP',
    ({ typicalP: p, minKeep }) =>
      p < 1 ? typicalP({ p, border: 'at-most', ties: 'cut', minKeep: Math.max(1, minKeep) }) : undefined,
  ],
  top_p: ['topP', ({ topP: p, minKeep }) => (p < 1 ? topP({ p, minKeep: Math.max(1, minKeep) }) : undefined)],
  min_p: ['minP', ({ minP: p, minKeep }) => (p > 0 ? minP({ p, minKeep: Math.max(1, minKeep) }) : undefined)],
  xtc: [
    'xtcProbability',
    ({ xtcProbability: probability, xtcThreshold: threshold, minKeep }) =>
      probability > 0 && threshold <= 0.5 ? xtc({ probability, threshold, minKeep: Math.max(1, minKeep) }) : undefined,
  ],
  temperature: [
    'temperature',
    (options) => {
      const { temperature: t, dynatempRange: range, dynatempExponent: exponent } = options;
      if (range > 0)
        return dynamicTemperature({ temperature: Math.max(0, t), range, exponent, listed: listedTokens(options) });
      return t === 1 ? undefined : temperature({ temperature: Math.max(0, t) });
    },
  ],
};

/**
 * How long llama.cpp's list is at the temperature. A bias of -Infinity and top-n-sigma leave tokens in it; a mass or a threshold
 * takes them out, and so only those that are left are listed then. Which of them XTC took cannot be told beforehand.
 */
function listedTokens(options: Filled): 'left' | 'vocabulary' | number {
  const { samplers, topK, typicalP, topP, minP, xtcProbability, xtcThreshold } = options;
  const before = samplers.slice(0, samplers.indexOf('temperature'));
  const takesOut =
    (before.includes('typ_p') && typicalP < 1) ||
    (before.includes('top_p') && topP < 1) ||
    (before.includes('min_p') && minP > 0) ||
    (before.includes('xtc') && xtcProbability > 0 && xtcThreshold <= 0.5);
  if (takesOut) return 'left';
  return before.includes('top_k') && topK > 0 ? topK : 'vocabulary';
}

const defaults: Filled = {
  samplers: Object.keys(byName) as LlamaCppStage[],
  reasoningBudget: null,
  logitBias: {},
  repeatPenalty: 1,
  frequencyPenalty: 0,
  presencePenalty: 0,
  repeatLastN: 64,
  dryMultiplier: 0,
  dryBase: 1.75,
  dryAllowedLength: 2,
  dryPenaltyLastN: -1,
  drySequenceBreakers: [],
  topNSigma: -1,
  topK: 40,
  typicalP: 1,
  topP: 0.95,
  minP: 0.05,
  xtcProbability: 0,
  xtcThreshold: 0.1,
  temperature: 0.8,
  dynatempRange: 0,
  dynatempExponent: 1,
  minKeep: 0,
  mirostat: 0,
  mirostatTau: 5,
  mirostatEta: 0.1,
  adaptiveTarget: -1,
  adaptiveDecay: 0.9,
};

const first: PresetStages<Filled> = [
  [
    'reasoningBudget',
    ({ reasoningBudget }) => (reasoningBudget === null ? undefined : thinkingBudget(reasoningBudget)),
  ],
  ['logitBias', ({ logitBias: biases }) => (Object.keys(biases).length === 0 ? undefined : tokenBias({ biases }))],
];

const last: PresetStage<Filled> = [
  'adaptiveTarget',
  ({ adaptiveTarget: target, adaptiveDecay: decay }) => (target < 0 ? undefined : adaptiveP({ target, decay })),
];

/** With mirostat, the list is left out. */
const mirostatStages: PresetStages<Filled> = [
  ['temperature', ({ temperature: t }) => (t === 1 ? undefined : temperature({ temperature: Math.max(0, t) }))],
  [
    'mirostat',
    ({ mirostat, mirostatTau: tau, mirostatEta: eta }) =>
      mirostat === 1 ? mirostat1({ tau, eta, overflow: 'keep-one' }) : mirostat2({ tau, eta }),
  ],
];

/**
 * The chain of llama.cpp: thinking budget, bias, penalties (multiplicative first), DRY, top-n-sigma, top-k (exactly k), typical (mass before a token at most p, ties cut), top-p
 * (mass before a token below p), min-p, XTC, then the temperature. Filters see the model's own distribution.
 */
export function llamaCpp(options: LlamaCppOptions = {}): Sampler[] {
  const { mirostat = 0, topK: k = 0, repeatLastN = 0, minKeep = 0 } = options;
  const samplers: readonly LlamaCppStage[] = options.samplers ?? defaults.samplers;
  if (![0, 1, 2].includes(mirostat)) throw new ParameterError('llamaCpp', 'mirostat', '0, 1 or 2', mirostat);
  if (!Array.isArray(samplers as unknown) || samplers.some((name) => !Object.hasOwn(byName, name)))
    throw new ParameterError('llamaCpp', 'samplers', `a list of ${Object.keys(byName).join(', ')}`, samplers);
  checkInteger('llamaCpp', 'topK', k, -Infinity);
  checkInteger('llamaCpp', 'repeatLastN', repeatLastN, -1);
  checkInteger('llamaCpp', 'dryPenaltyLastN', options.dryPenaltyLastN ?? -1, -1);
  checkInteger('llamaCpp', 'minKeep', minKeep, 0);
  for (const name of ['temperature', 'topP', 'typicalP', 'topNSigma', 'adaptiveTarget'] as const)
    if (options[name] !== undefined) checkNumber('llamaCpp', name, options[name], 'a number');
  const stages = mirostat === 0 ? [...samplers.map((name) => byName[name]), last] : mirostatStages;
  return buildPreset('llamaCpp', options, defaults, [...first, ...stages]);
}
