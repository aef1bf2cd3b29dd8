import { checkChain, ParameterError, UnknownOptionError } from '@tokenwright/core';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  chainFromJson,
  chainToJson,
  type FlatSamplingOptions,
  flatSamplingOptions,
  huggingFace,
  printChain,
  samplersFromOptions,
} from '../index.ts';

const printed = (options: FlatSamplingOptions): string => printChain(samplersFromOptions(options));

test('nothing set is an empty chain', () => {
  expect(samplersFromOptions()).toEqual([]);
  expect(samplersFromOptions({})).toEqual([]);
  expect(samplersFromOptions({ temperature: undefined, topK: undefined })).toEqual([]);
});

test.each<[FlatSamplingOptions, string]>([
  [{ temperature: 0.8 }, 'temperature(temperature 0.8)'],
  [
    { topP: 0.95, topK: 40, temperature: 0.8 },
    'temperature(temperature 0.8) > top-k(k 40, ties exactly-k) > top-p(p 0.95, minKeep 1)',
  ],
  [{ temperature: 0, topK: 40, mirostat: 2, xtcProbability: 1 }, 'greedy'],
  [
    { temperature: 0, repetitionPenalty: 1.1 },
    'repetition-penalty(penalty 1.1, window all, countPrompt true) > greedy',
  ],
  [
    { frequencyPenalty: 0.5, repeatLastN: 64 },
    'additive-penalty(frequency 0.5, presence 0, window 64, countPrompt false)',
  ],
  [
    { presencePenalty: -1, repeatLastN: -1 },
    'additive-penalty(frequency 0, presence -1, window all, countPrompt false)',
  ],
  [{ logitBias: { 5: -100 } }, 'token-bias(biases {"5":-100})'],
  [{ mirostat: 1, mirostatTau: 3 }, 'mirostat-1(tau 3, eta 0.1, m 100)'],
  [{ mirostat: 2, mirostatEta: 0.2 }, 'mirostat-2(tau 5, eta 0.2)'],
  [{ dynatempRange: 0.5, temperature: 1.2 }, 'dynamic-temperature(range 0.5, temperature 1.2, exponent 1)'],
  [{ adaptiveTarget: 0.4, adaptiveDecay: 0.5 }, 'adaptive-p(target 0.4, decay 0.5)'],
  [
    { dryMultiplier: 0.8, dryPenaltyLastN: 128, drySequenceBreakers: [[1]] },
    'dry(multiplier 0.8, base 1.75, allowedLength 2, window 128, breakers [[1]], countPrompt true)',
  ],
])('%j is %s', (options, chain) => {
  expect(printed(options)).toBe(chain);
});

/** Everything on, in the documented order. */
const everything: { [Name in keyof FlatSamplingOptions]: NonNullable<FlatSamplingOptions[Name]> } = {
  adaptiveTarget: 0.5,
  xtcProbability: 0.5,
  etaCutoff: 0.01,
  epsilonCutoff: 0.01,
  typicalP: 0.9,
  topA: 0.1,
  minP: 0.1,
  topP: 0.9,
  topK: 5,
  topH: 0.5,
  topNSigma: 1,
  temperature: 0.5,
  suppressTokens: [1],
  badWordsIds: [[1]],
  encoderNoRepeatNgramSize: 2,
  noRepeatNgramSize: 2,
  logitBias: { 1: 1 },
  dryMultiplier: 1,
  presencePenalty: 1,
  frequencyPenalty: 1,
  repetitionPenalty: 1.1,
  encoderRepetitionPenalty: 1.1,
};

test('the order does not depend on the order of the options', () => {
  const names = samplersFromOptions(everything).map(({ name }) => name);
  expect(names).toEqual([
    'encoder-repetition-penalty',
    'repetition-penalty',
    'additive-penalty',
    'dry',
    'token-bias',
    'no-repeat-ngram',
    'encoder-no-repeat-ngram',
    'bad-words',
    'suppress-tokens',
    'temperature',
    'top-n-sigma',
    'top-h',
    'top-k',
    'top-p',
    'min-p',
    'top-a',
    'typical-p',
    'epsilon-cutoff',
    'eta-cutoff',
    'xtc',
    'adaptive-p',
  ]);
});

test('the common filters come in the order of Hugging Face', () => {
  const { topNSigma: _, topA: __, adaptiveTarget: ___, xtcProbability: ____, ...rest } = everything;
  const { topK, topP, minP, typicalP, epsilonCutoff, etaCutoff, topH, temperature } = rest;
  const common = { topK, topP, minP, typicalP, epsilonCutoff, etaCutoff, topH, temperature };
  const names = (chain: readonly { name: string }[]): string[] => chain.map(({ name }) => name);
  expect(names(samplersFromOptions(common))).toEqual(names(huggingFace(common)));
});

describe.each(Object.entries(flatSamplingOptions))('%s', (name, option) => {
  test('may be left out, and does nothing at the value that turns it off', () => {
    expect(option.optional).toBe(true);
    expect(option.default).toBeUndefined();
    if (option.off !== undefined) expect(samplersFromOptions({ [name]: option.off })).toEqual([]);
  });

  test('refuses a wrong value, by its name', () => {
    expect(() => samplersFromOptions({ [name]: 'much' })).toThrow(`samplersFromOptions: ${name} must be `);
  });
});

test('an option without an effect is an error', () => {
  expect(() => samplersFromOptions({ xtcThreshold: 0.2 })).toThrow(
    'samplersFromOptions: xtcThreshold must be left out without xtcProbability, but 0.2 was given.',
  );
  expect(() => samplersFromOptions({ repeatLastN: 64 })).toThrow(
    'repeatLastN must be left out without repetitionPenalty, frequencyPenalty or presencePenalty, but 64 was given.',
  );
  for (const options of [
    { dryBase: 2 },
    { dryAllowedLength: 2 },
    { dryPenaltyLastN: 2 },
    { drySequenceBreakers: [[1]] },
    { dynatempExponent: 2 },
    { mirostatTau: 2 },
    { mirostatEta: 0.2 },
    { adaptiveDecay: 0.2 },
    { mirostat: 1, adaptiveTarget: 0.2 },
  ] as const)
    expect(() => samplersFromOptions(options)).toThrow(ParameterError);
});

test.each([
  ['top_p', 'topP'],
  ['top_k', 'topK'],
  ['temprature', 'temperature'],
  ['repetition_penalty', 'repetitionPenalty'],
  ['dry_multiplier', 'dryMultiplier'],
])('%s is an error that names %s', (wrong, right) => {
  const bad = (): unknown => samplersFromOptions({ [wrong]: 0.5 } as never);
  expect(bad).toThrow(UnknownOptionError);
  expect(bad).toThrow(`Did you mean '${right}'?`);
});

test('every combination is a sound chain that survives JSON', () => {
  const arbitrary = fc.subarray(Object.keys(everything) as (keyof FlatSamplingOptions)[]).map((names) => ({
    ...Object.fromEntries(names.map((name) => [name, everything[name]])),
  }));
  fc.assert(
    fc.property(arbitrary, (options) => {
      const chain = samplersFromOptions(options);
      expect(checkChain(chain)).toEqual([]);
      expect(chainToJson(chainFromJson(JSON.parse(JSON.stringify(chainToJson(chain)))))).toEqual(chainToJson(chain));
    }),
    { numRuns: 100 },
  );
});
