import { ParameterError, UnknownOptionError } from '@tokenwright/core';
import type { Option } from '@tokenwright/core/options';
import { candidatesOf, shaped } from '@tokenwright/core/testing';
import { describe, expect, test } from 'vitest';
import {
  checkChain,
  dynamicTemperature,
  gpt2,
  huggingFace,
  kgwWatermark,
  llamaCpp,
  ollama,
  type PresetFactory,
  printChain,
  vllm,
  xTransformers,
} from '../index.ts';

const names = (chain: readonly { name: string }[]): string => chain.map(({ name }) => name).join(' ');

describe('defaults', () => {
  const defaultsOf = (preset: PresetFactory<never>): Record<string, unknown> =>
    Object.fromEntries(
      Object.entries<Option<unknown>>(preset.definition.options).map(([name, option]) => [name, option.default]),
    );

  // transformers 5.18.0, configuration_utils.py: _get_default_generation_params. What is None there is off here.
  test('of Hugging Face are those of its release', () => {
    expect(defaultsOf(huggingFace as never)).toEqual({
      // generate() has false; this is a preset for sampling.
      doSample: true,
      temperature: 1,
      topK: 50,
      topP: 1,
      minP: 0,
      typicalP: 1,
      epsilonCutoff: 0,
      etaCutoff: 0,
      topH: 0,
      repetitionPenalty: 1,
      penalizePrompt: true,
      sequenceBias: [],
      encoderRepetitionPenalty: 1,
      noRepeatNgramSize: 0,
      encoderNoRepeatNgramSize: 0,
      badWordsIds: [],
      minLength: 0,
      minNewTokens: 0,
      prefixAllowedTokensFn: null,
      forcedBosTokenId: null,
      forcedEosTokenId: null,
      removeInvalidValues: false,
      exponentialDecayLengthPenalty: null,
      suppressTokens: [],
      beginSuppressTokens: [],
      watermark: null,
      renormalizeLogits: false,
      minTokensToKeep: 1,
      processors: [],
    });
  });

  // vLLM at commit 00388f6573cc, sampling_params.py: SamplingParams.
  test('of vLLM are those of its source', () => {
    expect(defaultsOf(vllm as never)).toEqual({
      allowedTokenIds: [],
      badWords: [],
      minTokens: 0,
      stopTokenIds: [],
      logitBias: {},
      repetitionPenalty: 1,
      frequencyPenalty: 0,
      presencePenalty: 0,
      temperature: 1,
      minP: 0,
      topK: 0,
      topP: 1,
    });
  });

  // Ollama at commit fb3076099687, api/types.go: DefaultOptions.
  test('of Ollama are those of its release', () => {
    expect(defaultsOf(ollama as never)).toEqual({
      temperature: 0.8,
      topK: 40,
      topP: 0.9,
      minP: 0,
      typicalP: 1,
      repeatLastN: 64,
      repeatPenalty: 1,
      presencePenalty: 0,
      frequencyPenalty: 0,
    });
  });

  // x-transformers at commit 9252ed783802, autoregressive_wrapper.py; openai/gpt-2 at 9b63575ef427, with the k of its samples.
  test('of x-transformers and GPT-2 are those of their sources', () => {
    expect(defaultsOf(xTransformers as never)).toEqual({
      filter: 'top_k',
      fracNumTokens: 0.1,
      k: undefined,
      thres: 0.9,
      minP: 0.1,
      minPPow: 2,
      minPRatio: 0.02,
      temperature: 1,
    });
    expect(defaultsOf(gpt2 as never)).toEqual({ temperature: 1, topK: 40 });
  });

  // llama.cpp 0.5.0, commit de3ff815ea7d, common/common.h: common_params_sampling.
  test('of llama.cpp are those of its release', () => {
    expect(defaultsOf(llamaCpp as never)).toMatchObject({
      minKeep: 0,
      topK: 40,
      topP: 0.95,
      minP: 0.05,
      xtcProbability: 0,
      xtcThreshold: 0.1,
      typicalP: 1,
      temperature: 0.8,
      dynatempRange: 0,
      dynatempExponent: 1,
      repeatLastN: 64,
      repeatPenalty: 1,
      frequencyPenalty: 0,
      presencePenalty: 0,
      dryMultiplier: 0,
      dryBase: 1.75,
      dryAllowedLength: 2,
      dryPenaltyLastN: 64,
      adaptiveTarget: -1,
      adaptiveDecay: 0.9,
      mirostat: 0,
      topNSigma: -1,
      mirostatTau: 5,
      mirostatEta: 0.1,
      samplers: ['penalties', 'dry', 'top_n_sigma', 'top_k', 'typ_p', 'top_p', 'min_p', 'xtc', 'temperature'],
    });
    const [stage] = llamaCpp({ dryMultiplier: 1 });
    expect(stage!.parameters).toMatchObject({ window: 64 });
    const [whole] = llamaCpp({ dryMultiplier: 1, dryPenaltyLastN: -1 });
    expect(whole!.parameters).toMatchObject({ window: 'all' });
  });

  test.each([
    [huggingFace(), 'top-k(k 50, ties keep-all)'],
    [
      llamaCpp(),
      'top-k(k 40, ties exactly-k) > top-p(p 0.95, minKeep 1) > min-p(p 0.05, minKeep 1) > temperature(temperature 0.8)',
    ],
    [vllm(), '(none)'],
    [ollama(), 'top-k(k 40, ties exactly-k) > top-p(p 0.9, minKeep 1) > temperature(temperature 0.8)'],
    [xTransformers(), 'top-k(share 0.1, ties exactly-k)'],
    [gpt2(), 'top-k(k 40, ties keep-all)'],
  ])('%#', (chain, printed) => {
    expect(printChain(chain)).toBe(printed);
    expect(checkChain(chain)).toEqual([]);
  });
});

describe('order', () => {
  const mine = { name: 'mine', onHost: () => {} };
  const everythingHuggingFace = {
    etaCutoff: 0.01,
    epsilonCutoff: 0.01,
    typicalP: 0.9,
    minP: 0.1,
    topP: 0.9,
    topK: 5,
    topH: 0.9,
    temperature: 2,
    processors: [mine],
    repetitionPenalty: 1.1,
  };
  const constraintsHuggingFace = {
    renormalizeLogits: true,
    watermark: kgwWatermark(),
    beginSuppressTokens: [1],
    suppressTokens: [1],
    exponentialDecayLengthPenalty: [5, 1.1] as const,
    removeInvalidValues: true,
    forcedEosTokenId: 2,
    forcedBosTokenId: 1,
    prefixAllowedTokensFn: () => [1],
    minNewTokens: 2,
    minLength: 3,
    badWordsIds: [[1, 2]],
    encoderNoRepeatNgramSize: 3,
    noRepeatNgramSize: 3,
    encoderRepetitionPenalty: 1.2,
    sequenceBias: [{ tokens: [1, 2], bias: 2 }],
  };
  const beforeProcessors =
    'sequence-bias encoder-repetition-penalty repetition-penalty no-repeat-ngram encoder-no-repeat-ngram bad-words ' +
    'min-length min-new-tokens prefix-allowed-tokens forced-bos-token forced-eos-token remove-invalid ' +
    'exponential-length-decay suppress-tokens suppress-tokens-at-begin';
  test.each([
    [
      huggingFace(everythingHuggingFace),
      'repetition-penalty mine temperature top-h top-k top-p min-p typical-p epsilon-cutoff eta-cutoff',
    ],
    [
      huggingFace({ ...everythingHuggingFace, ...constraintsHuggingFace }),
      `${beforeProcessors} mine temperature top-h top-k top-p min-p typical-p epsilon-cutoff eta-cutoff kgw-watermark normalize`,
    ],
    [
      huggingFace({ ...everythingHuggingFace, ...constraintsHuggingFace, doSample: false }),
      `${beforeProcessors} mine kgw-watermark normalize greedy`,
    ],
    [huggingFace({ ...everythingHuggingFace, doSample: false }), 'repetition-penalty mine greedy'],
    [
      llamaCpp({ repeatPenalty: 1.1, topNSigma: 1, typicalP: 0.9, xtcProbability: 0.5, dynatempRange: 0.5 }),
      'repetition-penalty top-n-sigma top-k typical-p top-p min-p xtc dynamic-temperature',
    ],
    [
      llamaCpp({
        dryMultiplier: 0.8,
        presencePenalty: 1,
        repeatPenalty: 1.1,
        logitBias: { 3: 1 },
        reasoningBudget: { start: [1], end: [2], budget: 9 },
      }),
      'thinking-budget token-bias repetition-penalty additive-penalty dry top-k top-p min-p temperature',
    ],
    [
      llamaCpp({
        presencePenalty: 1,
        dryMultiplier: 1,
        repeatLastN: 0,
        dryPenaltyLastN: 0,
        samplers: ['dry', 'penalties'],
      }),
      '',
    ],
    [llamaCpp({ dryMultiplier: 1, frequencyPenalty: 1, samplers: ['dry', 'penalties'] }), 'dry additive-penalty'],
    [llamaCpp({ mirostat: 2, logitBias: { 3: 1 }, presencePenalty: 1 }), 'token-bias temperature mirostat-2'],
    [llamaCpp({ samplers: ['temperature', 'top_k'] }), 'temperature top-k'],
    [llamaCpp({ samplers: ['min_p'], adaptiveTarget: 0.3 }), 'min-p adaptive-p'],
    [llamaCpp({ mirostat: 1 }), 'temperature mirostat-1'],
    [llamaCpp({ mirostat: 2, temperature: 1 }), 'mirostat-2'],
    [
      vllm({ repetitionPenalty: 1.1, temperature: 0.7, minP: 0.1, topK: 9, topP: 0.9 }),
      'repetition-penalty temperature min-p top-k top-p',
    ],
    [
      vllm({
        topP: 0.9,
        presencePenalty: 1,
        frequencyPenalty: 1,
        repetitionPenalty: 1.1,
        logitBias: { 3: 1 },
        minTokens: 2,
        badWords: [[1]],
        allowedTokenIds: [1, 2],
      }),
      'allowed-tokens bad-words min-new-tokens token-bias repetition-penalty frequency-penalty presence-penalty top-p',
    ],
    [vllm({ repetitionPenalty: 1.1, temperature: 0, minP: 0.1, topK: 9, topP: 0.9 }), 'repetition-penalty greedy'],
    [xTransformers({ filter: 'top_p', temperature: 0.5 }), 'top-p temperature'],
    [xTransformers({ filter: 'top_p', temperature: 0 }), 'greedy'],
    [xTransformers({ filter: 'none' }), ''],
    [gpt2({ temperature: 0.7 }), 'temperature top-k'],
  ])('%#', (chain, expected) => expect(names(chain)).toBe(expected));
});

describe('ties and borders', () => {
  const ties = [0, 1, 1, 1];
  const quarters = [0, 0, 0, 0];
  test.each([
    ['Hugging Face keeps ties', huggingFace({ topK: 2 }), ties, [1, 2, 3]],
    ['llama.cpp keeps exactly k', llamaCpp({ topK: 2, topP: 1, minP: 0 }), ties, [1, 2]],
    ['vLLM keeps ties', vllm({ topK: 2 }), ties, [1, 2, 3]],
    ['x-transformers keeps exactly k', xTransformers({ k: 2 }), ties, [1, 2]],
    ['GPT-2 keeps ties', gpt2({ topK: 2 }), ties, [1, 2, 3]],
    ['Hugging Face stops at p', huggingFace({ topP: 0.5 }), quarters, [0, 1]],
    ['llama.cpp stops at p', llamaCpp({ topP: 0.5 }), quarters, [0, 1]],
    ['x-transformers keeps one more', xTransformers({ filter: 'top_p', thres: 0.5 }), quarters, [0, 1, 2]],
    ['Hugging Face keeps typical ties', huggingFace({ typicalP: 0.5 }), quarters, [0, 1, 2, 3]],
    ['llama.cpp cuts typical ties', llamaCpp({ typicalP: 0.5, topP: 1 }), quarters, [0, 1, 2]],
    ['a least count reaches top-k', huggingFace({ topK: 1, minTokensToKeep: 2 }), [3, 2, 1, 0], [0, 1]],
  ])('%s', (_, chain, logits, kept) => expect(candidatesOf(shaped(chain, logits))).toEqual(kept));
});

test('temperature before or after the filters', () => {
  const logits = [Math.log(0.6), Math.log(0.3), Math.log(0.1)];
  const after = { temperature: 2, topP: 0.85, topK: 0 };
  expect(candidatesOf(shaped(huggingFace(after), logits))).toEqual([0, 1, 2]);
  expect(candidatesOf(shaped(llamaCpp({ ...after, minP: 0 }), logits))).toEqual([0, 1]);
});

test('llama.cpp: tokens that were set to -Infinity count for the dynamic temperature as long as they are listed', () => {
  const listed = (options: object): unknown => {
    const stage = llamaCpp({ dynatempRange: 0.5, ...options }).find(({ name }) => name === 'dynamic-temperature')!;
    return (stage.parameters as { listed?: unknown }).listed ?? 'left';
  };
  const off = { topP: 1, minP: 0 };
  expect(listed({ topNSigma: 1 })).toBe('left');
  expect(listed({ topNSigma: 1, ...off })).toBe(40);
  expect(listed({ topNSigma: 1, topK: 0, ...off })).toBe('vocabulary');
  expect(listed({ topNSigma: 1, ...off, xtcProbability: 0.5 })).toBe('left');
  expect(listed({ topNSigma: 1, samplers: ['top_n_sigma', 'temperature', 'top_k', 'min_p'] })).toBe('vocabulary');

  // Of four tokens two are within one sigma; both have logit 0, so H = ln 2, and the list is four long: H / ln 4 = 1/2.
  const chain = llamaCpp({ topNSigma: 1, topK: 0, ...off, temperature: 1, dynatempRange: 0.5 });
  const result = shaped(chain, [2, 2, -1, -1]);
  expect([...result]).toEqual([2, 2, -Infinity, -Infinity]);
  const other = shaped(llamaCpp({ topNSigma: 1, topK: 0, ...off, temperature: 2, dynatempRange: 1 }), [2, 2, -1, -1]);
  expect([...other]).toEqual([1, 1, -Infinity, -Infinity]);
  // With what is left alone the temperature would be 3.
  const left = shaped(dynamicTemperature({ temperature: 2, range: 1 }), [2, 2, -Infinity, -Infinity]);
  expect(left[0]).toBeCloseTo(2 / 3, 6);
});

test('vLLM raises a tiny temperature to 0.01; only 0 is greedy', () => {
  for (const temperature of [0.001, 1e-6, Number.MIN_VALUE])
    expect(printChain(vllm({ temperature }))).toBe('temperature(temperature 0.01)');
  expect(names(vllm({ temperature: 0, topK: 5 }))).toBe('greedy');
});

test('vLLM looks for bad words in the reply, end tokens among them', () => {
  const chain = vllm({ badWords: [[4, 0], [2]] });
  const flat = [0, 0, 0, 0, 0];
  expect(candidatesOf(shaped(chain, flat, { prompt: [4] }))).toEqual([0, 1, 3, 4]);
  expect(candidatesOf(shaped(chain, flat, { prompt: [1], generated: [4] }))).toEqual([1, 3, 4]);
  expect(candidatesOf(shaped(chain, flat, { prompt: [1], eosTokenIds: [2] }))).toEqual([0, 1, 3, 4]);
});

test('Ollama runs the chain of llama.cpp', () => {
  const given = { temperature: 0.5, topK: 7, topP: 0.8, minP: 0.1, typicalP: 0.9, repeatPenalty: 1.2, repeatLastN: -1 };
  expect(printChain(ollama(given))).toBe(printChain(llamaCpp(given)));
  expect(ollama({ repeatPenalty: 1.2 })[0]!.parameters).toMatchObject({ penalty: 1.2, window: 64 });
  expect(() => ollama({ repeatPenalty: 0 })).toThrow('ollama: repeatPenalty must be a number above 0');
  expect(() => ollama({ xtcProbability: 1 } as never)).toThrow(UnknownOptionError);
});

test('vLLM bounds a bias, and delays the given stop ids', () => {
  expect(vllm({ logitBias: { 1: 500, 2: -101 } })[0]!.parameters).toEqual({ biases: { 1: 100, 2: -100 } });
  expect(vllm({ minTokens: 2, stopTokenIds: [7] })[0]!.parameters).toEqual({ count: 2, eosTokenIds: [7] });
});

test('Hugging Face: with a forced first token after a prompt of one, the first choice is the one after it', () => {
  const kept = (options: object, prompt: readonly number[], reply: readonly number[]): number[] => {
    const chain = huggingFace({ topK: 0, beginSuppressTokens: [1], ...options });
    return candidatesOf(shaped(chain.slice(-1), [0, 0, 0], { prompt, generated: reply }));
  };
  const bos = { forcedBosTokenId: 2 };
  expect(kept({}, [0], [])).toEqual([0, 2]);
  expect(kept({}, [0], [2])).toEqual([0, 1, 2]);
  expect(kept(bos, [0], [])).toEqual([0, 1, 2]);
  expect(kept(bos, [0], [2])).toEqual([0, 2]);
  // A longer prompt begins with the token already.
  expect(kept(bos, [0, 2, 0], [])).toEqual([0, 2]);
  expect(kept(bos, [0, 2, 0], [0])).toEqual([0, 1, 2]);
});

test('Hugging Face since 5.18: a sequence applies to a text that is its beginning', () => {
  const prompt = [3];
  expect(candidatesOf(shaped(huggingFace({ topK: 0, badWordsIds: [[3, 1]] }), [0, 0, 0, 0], { prompt }))).toEqual([
    0, 2, 3,
  ]);
  const biased = huggingFace({ topK: 0, sequenceBias: [{ tokens: [3, 1], bias: 2 }] });
  expect([...shaped(biased, [0, 0, 0, 0], { prompt })]).toEqual([0, 2, 0, 0]);
});

test('Hugging Face since 5.18: allowed tokens come back when all of them were removed', () => {
  const chain = huggingFace({ topK: 0, badWordsIds: [[1], [2]], prefixAllowedTokensFn: () => [1, 2] });
  expect([...shaped(chain, [5, 6, 7])]).toEqual([-Infinity, 0, 0]);
  const one = huggingFace({ topK: 0, badWordsIds: [[1]], prefixAllowedTokensFn: () => [1, 2] });
  expect([...shaped(one, [5, 6, 7])]).toEqual([-Infinity, -Infinity, 7]);
});

test('an option left undefined is the default', () => {
  expect(printChain(huggingFace({ topK: undefined } as never))).toBe(printChain(huggingFace()));
});

test.each([
  [() => huggingFace({ noRepeatNgramSize: -1 }), 'huggingFace: noRepeatNgramSize must be an integer of at least 0'],
  [() => huggingFace({ topP: 2 }), 'huggingFace: topP must be a number from 0 to 1, but 2 was given.'],
  [() => huggingFace({ badWordsIds: [[]] }), 'huggingFace: badWordsIds[0] must be a list of at least 1 token id'],
  [
    () => huggingFace({ exponentialDecayLengthPenalty: [5, 0] }),
    'huggingFace: exponentialDecayLengthPenalty[1] must be',
  ],
  [() => huggingFace({ processors: [{ name: 'x' }] as never }), 'huggingFace: processors[0] must be a sampler'],
  [() => huggingFace({ watermark: kgwWatermark as never }), 'huggingFace: watermark must be a sampler'],
  [() => huggingFace({ sequenceBias: [{ tokens: [1] }] as never }), 'huggingFace: sequenceBias[0].bias must be'],
  [() => llamaCpp({ repeatPenalty: 0 }), 'llamaCpp: repeatPenalty must be a number above 0, but 0 was given.'],
  [() => llamaCpp({ reasoningBudget: { budget: 1, start: [], end: [2] } }), 'llamaCpp: reasoningBudget: start must be'],
  [
    () => llamaCpp({ logitBias: { a: 1 } as never }),
    "llamaCpp: logitBias must be keyed by token ids, but 'a' was given.",
  ],
  [() => vllm({ minP: -1 }), 'vllm: minP must be a number from 0 to 1, but -1 was given.'],
  [() => xTransformers({ thres: 2 }), 'xTransformers: thres must be a number from 0 to 1, but 2 was given.'],
  [() => gpt2({ temperature: -1 }), 'gpt2: temperature must be a number of at least 0, but -1 was given.'],
])('an error names the option of the preset (%#)', (make, message) => {
  expect(make).toThrow(ParameterError);
  expect(make).toThrow(message);
});

test('refuse what the system does not know', () => {
  expect(() => huggingFace({ temperature: 0 })).toThrow(ParameterError);
  expect(() => huggingFace({ top_k: 3 } as never)).toThrow(/Did you mean 'topK'/);
  expect(() => huggingFace({ doSample: 'yes' } as never)).toThrow(ParameterError);
  expect(() => llamaCpp({ mirostat: 3 } as never)).toThrow(ParameterError);
  expect(() => llamaCpp({ samplers: ['topk'] } as never)).toThrow(ParameterError);
  expect(() => llamaCpp({ topk: 3 } as never)).toThrow(UnknownOptionError);
  expect(() => vllm({ temperature: 3 })).toThrow(ParameterError);
  expect(() => vllm({ presencePenalty: 3 })).toThrow(ParameterError);
  expect(() => llamaCpp({ dryPenaltyLastN: -2 })).toThrow(ParameterError);
  expect(() => huggingFace({ badWordsIds: [[]] })).toThrow(ParameterError);
  expect(() => vllm({ topP: 0 })).toThrow(ParameterError);
  expect(() => xTransformers({ filter: 'top-k' } as never)).toThrow(UnknownOptionError);
  expect(() => xTransformers({ k: 0 })).toThrow(ParameterError);
  expect(() => gpt2({ topK: -1 })).toThrow(ParameterError);
});
