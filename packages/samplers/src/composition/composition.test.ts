import { ParameterError, type Sampler, UnknownOptionError, UnsupportedError } from '@tokenwright/core';
import { expect, test } from 'vitest';
import * as compat from '../compat.ts';
import {
  allowedTokens,
  chainFromJson,
  chainToJson,
  checkChain,
  diffChains,
  forcedEosToken,
  greedy,
  infill,
  minP,
  mirostat2,
  presencePenalty,
  printChain,
  printDifferences,
  repetitionPenalty,
  samplerRegistry,
  temperature,
  topK,
  topNSigma,
  topP,
  xtc,
} from '../index.ts';

const chain = [
  repetitionPenalty({ penalty: 1.1, window: 64 }),
  topK({ k: 40 }),
  topP({ p: 0.95 }),
  temperature({ temperature: 0.8 }),
];

test('a chain prints in order', () => {
  expect(printChain(chain)).toBe(
    'repetition-penalty(penalty 1.1, window 64, countPrompt true) > top-k(k 40, ties exactly-k) > ' +
      'top-p(p 0.95, minKeep 1) > temperature(temperature 0.8)',
  );
  expect(printChain([greedy()])).toBe('greedy');
  expect(printChain([])).toBe('(none)');
  // As the options at the end of a call report it.
  const reported = chain.map(({ name, parameters }) => ({ name, parameters }));
  expect(printChain(reported)).toBe(printChain(chain));
  expect(() => printChain([{ parameters: {} } as never])).toThrow('samplers[0] must be a sampler');
});

test('a chain survives JSON', () => {
  const text = JSON.stringify(chainToJson(chain));
  expect(printChain(chainFromJson(JSON.parse(text)))).toBe(printChain(chain));
});

test('every factory accepts the parameters that its sampler declares', () => {
  const needs: Record<string, object> = {
    'adaptive-p': { target: 0.3 },
    'allowed-tokens': { tokens: [1] },
    'bad-words': { words: [[1, 2]] },
    dry: { multiplier: 0.8, breakers: [[3]] },
    'dynamic-temperature': { range: 0.5 },
    'encoder-no-repeat-ngram': { size: 3 },
    'encoder-repetition-penalty': { penalty: 1.2 },
    'epsilon-cutoff': { epsilon: 0.001 },
    'eta-cutoff': { epsilon: 0.001 },
    'exponential-length-decay': { start: 5, factor: 1.1, eosTokenIds: [2] },
    'forced-bos-token': { token: 1 },
    'frequency-penalty': { penalty: 0.5 },
    'min-length': { length: 3 },
    'min-new-tokens': { count: 3 },
    'min-p': { p: 0.1 },
    'no-repeat-ngram': { size: 3 },
    'presence-penalty': { penalty: 0.5 },
    'repetition-penalty': { penalty: 1.1 },
    'sequence-bias': { sequences: [{ tokens: [1, 2], bias: '-Infinity' }] },
    'suppress-tokens': { tokens: [1] },
    'suppress-tokens-at-begin': { tokens: [1], position: 2 },
    'synth-id': { keys: [1, 2] },
    'tail-free': { mass: 0.9 },
    temperature: { temperature: 0.5 },
    'thinking-budget': { start: [1], end: [2], budget: 9 },
    'token-bias': { biases: { 1: 2, 3: '-Infinity' } },
    'top-h': { entropyShare: 0.4 },
    'top-k': { share: 0.5 },
    'top-n-sigma': { sigmas: 1 },
    'top-p': { p: 0.9 },
    'typical-p': { p: 0.9 },
    xtc: { probability: 0.5 },
  };
  // Only code can give a function, and only a tokenizer the texts of tokens.
  const needCode = ['prefix-allowed-tokens', 'infill', 'regex', 'token-healing'];
  for (const name of Object.keys(samplerRegistry).filter((name) => !needCode.includes(name))) {
    const [sampler] = chainFromJson([{ sampler: name, parameters: needs[name] ?? {} }]);
    expect(sampler!.name).toBe(name);
    expect(chainFromJson(chainToJson([sampler!]))[0]!.parameters).toEqual(sampler!.parameters);
  }
});

test('impossible JSON is a typed error', () => {
  expect(() => chainFromJson([{ sampler: 'topk' }])).toThrow(/Did you mean 'top-k'/);
  expect(() => chainFromJson([{ sampler: 'toString' }])).toThrow(UnknownOptionError);
  expect(() => chainFromJson([{ sampler: 'top-p', parameters: { p: 2 } }])).toThrow(ParameterError);
  expect(() => chainFromJson([{ sampler: 'top-p', parameters: { prob: 1 } }])).toThrow(UnknownOptionError);
  expect(() => chainFromJson([{ sampler: 'greedy', parameters: { t: 1 } }])).toThrow(UnknownOptionError);
  expect(() => chainFromJson([{ sampler: 'top-p', options: {} }])).toThrow(UnknownOptionError);
  expect(() => chainFromJson([{ sampler: 'top-p', parameters: 0.9 }])).toThrow(ParameterError);
  expect(() => chainFromJson(['top-p'])).toThrow(ParameterError);
  expect(() => chainFromJson({})).toThrow(ParameterError);
  expect(() => chainToJson([{ name: 'mine', onHost: () => {} }])).toThrow(UnsupportedError);
});

test('custom factories can be added', () => {
  const bans = ({ ids }: { ids: readonly number[] }): Sampler => ({
    name: 'bans',
    parameters: { ids },
    onHost: () => {},
  });
  const text = (id: number): string => `${id}`;
  const registry = { ...samplerRegistry, bans, infill: (options: object) => infill({ ...options, text }) };
  const json = chainToJson([bans({ ids: [1, 2] }), infill({ text, eosTokenId: 3 })]);
  expect(chainToJson(chainFromJson(json, registry))).toEqual(json);
});

test('two chains can be compared', () => {
  const other = [topK({ k: 40 }), topP({ p: 0.9 }), minP({ p: 0.05 }), temperature({ temperature: 0.8 })];
  expect(printDifferences(diffChains(chain, other))).toBe(
    [
      '- repetition-penalty(penalty 1.1, window 64, countPrompt true)',
      '  top-k(k 40, ties exactly-k)',
      '~ top-p (p 0.95 -> 0.9)',
      '+ min-p(p 0.05, minKeep 1)',
      '  temperature(temperature 0.8)',
    ].join('\n'),
  );
  expect(diffChains(chain, chain).every(({ change }) => change === 'same')).toBe(true);
  expect(diffChains([topK({ k: 1 })], [compat.topK({ share: 0.5 })])).toMatchObject([
    { change: 'changed', parameters: [{ name: 'k', before: 1, after: undefined }, { name: 'share' }] },
  ]);
  expect(diffChains([topK({ k: 1 }), greedy()], [greedy(), topK({ k: 1 })]).map(({ change }) => change)).toEqual([
    'removed',
    'same',
    'added',
  ]);
});

const mask: Sampler = { name: 'grammar', mask: () => Uint32Array.of(1) };
const normalize: Sampler = {
  name: 'normalize',
  traits: {
    normalizes: true,
    keepsArgMax: true,
    narrows: true,
  },
  onHost: () => {},
};
const revive: Sampler = {
  ...normalize,
  name: 'revive',
  traits: { ...normalize.traits!, normalizes: false, narrows: false },
};

const mine: Sampler = {
  ...revive,
  name: 'mine',
  kind: 'filter',
  traits: { ...revive.traits!, narrows: true },
};
const unknown: Sampler = { name: 'unknown', onHost: () => {} };

test.each<[string, Sampler[], string[]]>([
  ['a sound chain', chain, []],
  ['a sound chain with a controller', [minP({ p: 0.05 }), mirostat2()], []],
  ['greedy at the end', [repetitionPenalty({ penalty: 1.1 }), greedy()], []],
  ['a controller before something', [mirostat2(), temperature({ temperature: 1 })], ['controller-not-last']],
  ['two controllers', [mirostat2({ tau: 3 }), { ...mirostat2(), name: 'other' }], ['two-controllers']],
  ['something after greedy', [greedy(), topK({ k: 3 })], ['after-greedy']],
  ['xtc before greedy', [xtc({ probability: 0.5 }), greedy()], ['random-before-greedy']],
  ['xtc before temperature 0', [xtc({ probability: 0.5 }), temperature({ temperature: 0 })], ['random-before-greedy']],
  ['top-n-sigma after a filter', [topK({ k: 9 }), topNSigma({ sigmas: 1 })], ['statistics-after-filter']],
  ['top-n-sigma after a mask', [mask, topNSigma({ sigmas: 1 })], ['statistics-after-filter']],
  ['top-n-sigma after xtc', [xtc({ probability: 0.5 }), topNSigma({ sigmas: 1 })], ['statistics-after-filter']],
  ['top-n-sigma after a filter of another author', [mine, topNSigma({ sigmas: 1 })], ['statistics-after-filter']],
  ['top-n-sigma after an undeclared stage', [unknown, topNSigma({ sigmas: 1 })], ['statistics-after-filter']],
  ['top-n-sigma after a penalty', [presencePenalty({ penalty: 1 }), topNSigma({ sigmas: 1 })], []],
  ['a penalty after a filter of another author', [mine, presencePenalty({ penalty: 1 })], ['penalty-after-filter']],
  ['a penalty after a list of allowed tokens', [allowedTokens({ tokens: [1] }), presencePenalty({ penalty: 1 })], []],
  ['a forced token after a mask', [mask, forcedEosToken()], []],
  ['a forced token after a filter', [topK({ k: 2 }), forcedEosToken()], ['reviving-after-filter']],
  ['reviving after a mask', [mask, revive], ['reviving-after-filter']],
  ['a penalty after normalize', [normalize, repetitionPenalty({ penalty: 2 })], ['penalty-on-log-probabilities']],
  ['a penalty after a filter', [topP({ p: 0.5 }), repetitionPenalty({ penalty: 2 })], ['penalty-after-filter']],
  ['reviving after a filter', [topP({ p: 0.5 }), revive], ['reviving-after-filter']],
  ['xtc before mirostat', [xtc({ probability: 0.5 }), mirostat2()], ['bias-into-mirostat']],
  ['the same twice', [topK({ k: 9 }), topK({ k: 3 })], ['repeated']],
  ['two masks', [mask, mask], []],
])('%s', (_, samplers, rules) => {
  expect(checkChain(samplers).map(({ rule }) => rule)).toEqual(rules);
});

test('a warning names the stage and the problem', () => {
  expect(checkChain([topK({ k: 9 }), topNSigma({ sigmas: 1 })])).toEqual([
    {
      rule: 'statistics-after-filter',
      stage: 1,
      sampler: 'top-n-sigma',
      message:
        "'top-n-sigma' measures the whole row, but 'top-k' removes tokens before it. Put 'top-n-sigma' before the filters.",
    },
  ]);
});

test('a penalty under a strategy that gives log-probabilities', () => {
  const chain = [repetitionPenalty({ penalty: 2 }), topK({ k: 9 })];
  expect(checkChain(chain, { domain: 'log-probabilities' }).map(({ rule }) => rule)).toEqual([
    'penalty-on-log-probabilities',
  ]);
  expect(checkChain([presencePenalty({ penalty: 2 })], { domain: 'log-probabilities' })).toEqual([]);
});
