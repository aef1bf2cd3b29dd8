import { EmptyDistributionError, InvalidLogitsError, type Sampler } from '@tokenwright/core';
import * as samplers from '@tokenwright/samplers';
import * as compat from '@tokenwright/samplers/compat';
import { decodeWith, letters } from './core-targets.ts';
import { type Declared, declared, options, type Parameter, parametersFor, type Target, types } from './target.ts';

const texts = ['a', 'b', 'c', 'd', 'e', 'f', 'g', 'h'];

/** Values that work, for options without a suggestion. */
const valid: Readonly<Record<string, Readonly<Record<string, unknown>>>> = {
  allowedTokens: { tokens: [1, 2] },
  topK: { k: 2 },
  badWords: { words: [[1, 2]] },
  forcedBosToken: { token: 1 },
  minLength: { length: 1 },
  minNewTokens: { count: 1 },
  noRepeatNgram: { size: 2 },
  encoderNoRepeatNgram: { size: 2 },
  prefixAllowedTokens: { allowed: () => [1, 2] },
  suppressTokens: { tokens: [1] },
  suppressTokensAtBegin: { tokens: [1] },
  thinkingBudget: { start: [1], end: [2], budget: 3 },
  infill: { text: texts },
  regex: { texts, pattern: '[a-h]*' },
  tokenHealing: { texts, text: 'a' },
  sequenceBias: { sequences: [{ tokens: [1], bias: 1 }] },
  tokenBias: { biases: { 1: 1 } },
  synthId: { keys: [1, 2, 3], ngramLength: 2 },
};

function isDeclared(value: unknown): value is Declared {
  return typeof value === 'function' && 'definition' in value;
}

const presets = new Set<unknown>([
  samplers.huggingFace,
  samplers.llamaCpp,
  samplers.vllm,
  samplers.gpt2,
  samplers.ollama,
  samplers.xTransformers,
]);

const ids: Parameter = { name: 'tokens', type: types.ids, valid: [1, 2, 1] };
const chain: Parameter = { name: 'samplers', type: types.list, valid: [samplers.topK({ k: 2 })] };

const functions: readonly Target[] = [
  {
    name: 'samplersFromOptions',
    parameters: [options],
    options: parametersFor(samplers.flatSamplingOptions, {}),
    call: (given) => use(samplers.samplersFromOptions(given as never)),
  },
  {
    name: 'fromGenerationConfig',
    parameters: [{ name: 'config', type: types.record, valid: {} }, options],
    options: [{ name: 'absent', type: types.text }],
    call: (config, given) => samplers.fromGenerationConfig(config as never, given as never),
  },
  {
    name: 'chainToJson',
    parameters: [chain],
    call: (given) => samplers.chainToJson(given as never),
  },
  {
    name: 'chainFromJson',
    parameters: [{ name: 'chain', type: types.list, valid: [{ sampler: 'top-k', parameters: { k: 2 } }] }],
    call: (given) => samplers.chainFromJson(given as never),
  },
  {
    name: 'printChain',
    parameters: [chain],
    call: (given) => samplers.printChain(given as never),
  },
  {
    name: 'printSampler',
    parameters: [{ name: 'sampler', type: types.record, valid: samplers.topK({ k: 2 }) }],
    call: (given) => samplers.printSampler(given as never),
  },
  {
    name: 'diffChains',
    parameters: [
      { ...chain, name: 'first' },
      { ...chain, name: 'second' },
    ],
    call: (before, after) => samplers.diffChains(before as never, after as never),
  },
  {
    name: 'badWordTokens',
    parameters: [
      { name: 'tokenizer', type: types.record, valid: letters },
      { name: 'texts', type: types.list, valid: ['ab'] },
    ],
    call: (...given) => (samplers.badWordTokens as (...all: unknown[]) => unknown)(...given),
  },
  {
    name: 'distinctNgrams',
    parameters: [ids, { name: 'n', type: types.integer, valid: 2 }],
    call: (...given) => (samplers.distinctNgrams as (...all: unknown[]) => unknown)(...given),
  },
  {
    name: 'repeatedNgrams',
    parameters: [ids, { name: 'n', type: types.integer, valid: 2 }],
    call: (...given) => (samplers.repeatedNgrams as (...all: unknown[]) => unknown)(...given),
  },
  {
    name: 'healPrompt',
    parameters: [
      { name: 'tokenizer', type: types.record, valid: letters },
      { name: 'ids', type: types.ids, valid: [1, 2] },
      { name: 'tokens', type: types.integer },
    ],
    call: (...given) => (samplers.healPrompt as (...all: unknown[]) => unknown)(...given),
  },
  {
    name: 'vocabularyTexts',
    parameters: [{ name: 'tokenizer', type: types.record, valid: letters }],
    call: (...given) => (samplers.vocabularyTexts as (...all: unknown[]) => unknown)(...given),
  },
  {
    name: 'dryBreakers',
    parameters: [{ name: 'tokenizer', type: types.record, valid: letters }],
    call: (...given) => (samplers.dryBreakers as (...all: unknown[]) => unknown)(...given),
  },
  {
    name: 'detectKgwWatermark',
    parameters: [{ name: 'tokens', type: types.ids, valid: [1, 2, 3, 4, 5] }, options],
    options: [{ name: 'vocabSize', type: types.integer, valid: 8 }],
    call: (...given) => (samplers.detectKgwWatermark as (...all: unknown[]) => unknown)(...given),
  },
];

/** A chain may leave nothing to choose; the error names the stage. */
async function use(made: Sampler | readonly Sampler[]): Promise<void> {
  for (const sampler of Array.isArray(made) ? made : [made])
    try {
      await decodeWith(sampler);
    } catch (error) {
      if (!EmptyDistributionError.isInstance(error) && !InvalidLogitsError.isInstance(error)) throw error;
    }
}

export const samplerTargets: readonly Target[] = [
  ...[...new Set<unknown>([...Object.values(samplers), ...Object.values(compat)])].filter(isDeclared).map((factory) => {
    const target = declared(factory, use, {});
    const given = valid[target.name] ?? {};
    const made = declared(factory, use, given);
    return presets.has(factory) ? { ...made, name: `preset ${made.name}` } : made;
  }),
  ...functions,
];
