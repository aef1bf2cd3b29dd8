import { EmptyDistributionError, generate, InvalidLogitsError, type Sampler } from '@tokenwright/core';
import { candidatesOf, shaped, toyModel } from '@tokenwright/core/testing';
import { describe, expect, test } from 'vitest';
import * as compat from '../compat.ts';
import * as samplers from '../index.ts';

/**
 * The results at the limits of each sampler. The README's table 'Defined ends' says the same in words.
 *
 * `equal`: the tokens left of four that tie (token 3 ends the text, the prompt is token 0).
 */
const all = [0, 1, 2, 3];
const text = (id: number): string => 'abcd'[id] ?? '';
const texts = ['a', 'b', 'c', 'd'];
const members: [string, Sampler, equal: number[]][] = [
  ['greedy', samplers.greedy(), [0]],
  ['temperature', samplers.temperature({ temperature: 0.5 }), all],
  ['temperature 0', samplers.temperature({ temperature: 0 }), [0]],
  ['dynamic temperature', samplers.dynamicTemperature({ range: 1 }), all],
  ['top-k 2', samplers.topK({ k: 2 }), [0, 1]],
  ['top-k 2, ties', samplers.topK({ k: 2, ties: 'keep-all' }), all],
  ['top-k above the vocabulary', samplers.topK({ k: 9 }), all],
  ['top-k, half', compat.topK({ share: 0.5 }), [0, 1]],
  ['top-p 0', samplers.topP({ p: 0 }), [0]],
  ['top-p 0, keeping 9', samplers.topP({ p: 0, minKeep: 9 }), all],
  ['top-p 0.5', samplers.topP({ p: 0.5 }), [0, 1]],
  ['top-p 1', samplers.topP({ p: 1 }), all],
  ['min-p 0', samplers.minP({ p: 0 }), all],
  ['min-p 1', samplers.minP({ p: 1 }), all],
  ['top-a 0', samplers.topA({ ratio: 0 }), all],
  ['top-a 1', samplers.topA({ ratio: 1 }), all],
  ['typical-p', samplers.typicalP({ p: 0.5 }), all],
  ['typical-p, cut', compat.typicalP({ p: 0.5, ties: 'cut' }), [0, 1]],
  ['typical-p 1', samplers.typicalP({ p: 1 }), all],
  ['epsilon cutoff 0', samplers.epsilonCutoff({ epsilon: 0 }), all],
  ['epsilon cutoff 0.9', samplers.epsilonCutoff({ epsilon: 0.9 }), all],
  ['eta cutoff 0.9', samplers.etaCutoff({ epsilon: 0.9 }), all],
  ['top-h 0.5', samplers.topH({ entropyShare: 0.5 }), [0, 1]],
  ['top-h 1 of two candidates', samplers.topH({ entropyShare: 1, candidates: 2 }), [0, 1]],
  ['top-n-sigma 0', samplers.topNSigma({ sigmas: 0 }), all],
  ['top-n-sigma 1', samplers.topNSigma({ sigmas: 1 }), all],
  ['p-less', samplers.pLess(), all],
  ['p-less, normalized', samplers.pLess({ normalized: true }), all],
  ['xtc', samplers.xtc({ probability: 1, threshold: 0.2 }), [3]],
  ['xtc 0', samplers.xtc({ probability: 0 }), all],
  ['xtc above one half', samplers.xtc({ probability: 1, threshold: 0.6 }), all],
  ['tail-free 0', samplers.tailFree({ mass: 0 }), [0]],
  ['tail-free 1', samplers.tailFree({ mass: 1 }), all],
  ['infill', samplers.infill({ text }), [3]],
  ['mirostat 1', samplers.mirostat1(), all],
  ['mirostat 2', samplers.mirostat2(), all],
  ['mirostat 2 at 0', samplers.mirostat2({ tau: 0 }), [0]],
  ['adaptive-p', samplers.adaptiveP({ target: 0 }), all],
  ['adaptive-p 1', samplers.adaptiveP({ target: 1, decay: 0 }), all],
  ['normalize', samplers.normalize(), all],
  ['synth id', samplers.synthId({ keys: [1, 2] }), all],
  ['repetition penalty', samplers.repetitionPenalty({ penalty: 2 }), all],
  ['frequency penalty', samplers.frequencyPenalty({ penalty: 2, countPrompt: true }), all],
  ['presence penalty', samplers.presencePenalty({ penalty: 2, countPrompt: true }), all],
  ['additive penalty', samplers.additivePenalty({ frequency: 2, presence: 2, countPrompt: true }), all],
  ['dry', samplers.dry({ multiplier: 1, allowedLength: 0 }), all],
  ['encoder repetition penalty', samplers.encoderRepetitionPenalty({ penalty: 2 }), all],
  ['kgw watermark', samplers.kgwWatermark(), all],
  ['exponential length decay', samplers.exponentialLengthDecay({ start: 0, factor: 2 }), all],
  ['token bias', samplers.tokenBias({ biases: { 0: -100 } }), all],
  ['no-repeat n-gram', samplers.noRepeatNgram({ size: 1 }), [1, 2, 3]],
  ['encoder no-repeat n-gram', samplers.encoderNoRepeatNgram({ size: 1 }), [1, 2, 3]],
  ['sequence bias', samplers.sequenceBias({ sequences: [{ tokens: [0, 2], bias: '-Infinity' }] }), [0, 1, 3]],
  ['bad words', samplers.badWords({ words: [[0, 1], [2], [3]] }), [0, 3]],
  ['suppress tokens', samplers.suppressTokens({ tokens: [1] }), [0, 2, 3]],
  ['suppress tokens at begin', samplers.suppressTokensAtBegin({ tokens: [1] }), [0, 2, 3]],
  ['allowed tokens', samplers.allowedTokens({ tokens: [1], eosTokenIds: true }), [1, 3]],
  ['prefix allowed tokens', samplers.prefixAllowedTokens({ allowed: () => [2] }), [2]],
  ['forced bos token', samplers.forcedBosToken({ token: 2 }), [2]],
  ['forced eos token', samplers.forcedEosToken({ maxLength: 2 }), [3]],
  ['min length', samplers.minLength({ length: 2 }), [0, 1, 2]],
  ['min new tokens', samplers.minNewTokens({ count: 1 }), [0, 1, 2]],
  ['thinking budget', samplers.thinkingBudget({ start: [0], end: [2], budget: 0 }), [2]],
  ['regex', samplers.regex({ pattern: '[ab]', texts }), [0, 1]],
  ['token healing', samplers.tokenHealing({ text: 'b', texts }), [1]],
];

/** These make a broken row usable on purpose, so the laws about broken rows do not apply. */
const hidesBrokenRows = new Set(['forced bos token', 'forced eos token', 'thinking budget']);
/** It removes tokens by id. */
const isConstraint = ({ kind }: Sampler): boolean => kind === 'constraint';
const around = { prompt: [0], eosTokenIds: [3] };

test('every sampler of the package is here, except the one that repairs rows', () => {
  const names = new Set(members.map(([, { name }]) => name));
  const missing = [
    ...Object.keys(samplers.samplerRegistry),
    'infill',
    'regex',
    'token-healing',
    'prefix-allowed-tokens',
  ];
  expect(missing.filter((name) => !names.has(name))).toEqual(['remove-invalid']);
});

describe.each(members)('%s', (label, sampler, equal) => {
  test('tokens that tie', () => {
    expect(candidatesOf(shaped(sampler, [2, 2, 2, 2], around))).toEqual(equal);
  });

  test.skipIf(isConstraint(sampler))('a single token is kept', () => {
    expect(candidatesOf(shaped(sampler, [-7], { prompt: [0] }))).toEqual([0]);
    expect(candidatesOf(shaped(sampler, [-Infinity, 5, -Infinity], { prompt: [0] }))).toEqual([1]);
  });

  test.skipIf(hidesBrokenRows.has(label))('nothing left stays nothing, without NaN', () => {
    const empty = new Array<number>(4).fill(-Infinity);
    expect([...shaped(sampler, empty, around)]).toEqual(empty);
  });

  test.skipIf(hidesBrokenRows.has(label))(
    'NaN and +Infinity stay where they are, unless the token is removed for what it is',
    () => {
      for (const broken of [Number.NaN, Infinity])
        for (const at of all) {
          const result = shaped(sampler, [1, 0, 2, -1].with(at, broken), around);
          if (isConstraint(sampler) && result[at] === -Infinity) continue;
          expect(Number.isNaN(result[at]) || result[at] === Infinity).toBe(true);
        }
    },
  );
});

const everything = Array.from({ length: toyModel().vocabSize }, (_, id) => id);
const but = (...ids: number[]): number[] => everything.filter((id) => !ids.includes(id));
const failure = async (chain: Sampler[]): Promise<unknown> =>
  generate(toyModel(), [1, 2], { samplers: chain, maxNewTokens: 1, eosTokenIds: [0], onWarning: () => {} }).catch(
    (error: unknown) => error,
  );

describe('an emptied distribution is a typed error that names the stage', () => {
  test.each<[string, Sampler[]]>([
    ['suppress-tokens', [samplers.suppressTokens({ tokens: everything })]],
    ['suppress-tokens-at-begin', [samplers.suppressTokensAtBegin({ tokens: everything })]],
    ['bad-words', [samplers.suppressTokens({ tokens: but(5) }), samplers.badWords({ words: [[5]] })]],
    ['token-bias', [samplers.suppressTokens({ tokens: but(5) }), samplers.tokenBias({ biases: { 5: '-Infinity' } })]],
    [
      'sequence-bias',
      [
        samplers.suppressTokens({ tokens: but(5) }),
        samplers.sequenceBias({ sequences: [{ tokens: [2, 5], bias: '-Infinity' }] }),
      ],
    ],
    ['allowed-tokens', [samplers.suppressTokens({ tokens: [5] }), samplers.allowedTokens({ tokens: [5] })]],
    [
      'prefix-allowed-tokens',
      [samplers.suppressTokens({ tokens: [5] }), samplers.prefixAllowedTokens({ allowed: () => [5] })],
    ],
    ['min-length', [samplers.suppressTokens({ tokens: but(0) }), samplers.minLength({ length: 9 })]],
    ['min-new-tokens', [samplers.suppressTokens({ tokens: but(0) }), samplers.minNewTokens({ count: 1 })]],
    ['no-repeat-ngram', [samplers.allowedTokens({ tokens: [1, 2] }), samplers.noRepeatNgram({ size: 1 })]],
    [
      'encoder-no-repeat-ngram',
      [samplers.allowedTokens({ tokens: [1, 2] }), samplers.encoderNoRepeatNgram({ size: 1 })],
    ],
    ['regex', [samplers.regex({ pattern: 'z', texts: everything.map(() => 'a') })]],
    [
      'token-healing',
      [
        samplers.suppressTokens({ tokens: [5] }),
        samplers.tokenHealing({ text: 'b', texts: everything.map((id) => (id === 5 ? 'b' : 'a')) }),
      ],
    ],
  ])('%s', async (stage, chain) => {
    const error = await failure([...chain, samplers.topK({ k: 3 }), samplers.temperature({ temperature: 0.5 })]);
    expect(error).toBeInstanceOf(EmptyDistributionError);
    expect(error).toMatchObject({ stage, position: 2 });
  });

  test('and NaN is one that names the stage that produced it', async () => {
    const breaks: Sampler = { name: 'breaks', onHost: (logits) => logits.fill(Number.NaN, 3, 4) };
    const error = await failure([samplers.temperature({ temperature: 2 }), breaks, samplers.topP({ p: 0.9 })]);
    expect(error).toBeInstanceOf(InvalidLogitsError);
    expect(error).toMatchObject({ stage: 'breaks', position: 2 });
  });
});
