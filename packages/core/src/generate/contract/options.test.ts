import { describe, expect, it } from 'vitest';
import { ParameterError, UnknownOptionError } from '../../errors.ts';
import type { ModelDefaults } from '../../model/language-model.ts';
import type { Sampler } from '../../sampling/sampler.ts';
import { toyModel } from '../../testing/toy-model.ts';
import type { Tokenizer } from '../../text/tokenizer.ts';
import { type GenerateOptions, generateOptions } from './options.ts';
import { resolveOptions } from './resolve-options.ts';
import type { Strategy } from './strategy.ts';

const sampler: Sampler = { name: 'mine', parameters: { t: 0.5 }, onHost: () => undefined };
const strategy: Strategy = { name: 'plan', async *decode() {} };
const tokenizer: Tokenizer = { vocabSize: 2, encode: () => [], decode: () => '' };
const signal = new AbortController().signal;
const stopWhen = () => false;

/** A value for each option that is not the library's, and how the report prints it. */
const given: {
  [Name in Exclude<keyof GenerateOptions, 'preset'>]-?: [value: GenerateOptions[Name], printed: unknown];
} = {
  samplers: [[sampler], [{ name: 'mine', parameters: { t: 0.5 } }]],
  strategy: [strategy, { name: 'plan', parameters: {} }],
  seed: [5, 5],
  numReturnSequences: [2, 2],
  maxNewTokens: [9, 9],
  maxLength: [30, 30],
  minNewTokens: [1, 1],
  minLength: [2, 2],
  forcedBosTokenId: [3, 3],
  forcedEosTokenId: [1, 1],
  eosTokenIds: [[4], [4]],
  stopStrings: [['x'], ['x']],
  skipSpecialTokens: [false, false],
  stopWhen: [stopWhen, 'given'],
  maxTime: [50, 50],
  signal: [signal, 'given'],
  onWarning: [() => undefined, 'given'],
  cache: ['dynamic', 'dynamic'],
  prefillChunkSize: [3, 3],
  onContextFull: ['slide', 'slide'],
  logprobs: [true, true],
  topLogprobs: [2, 2],
  logprobsOf: [[1], [1]],
  logprobsMode: ['processed', 'processed'],
  explain: [true, true],
  steps: [true, true],
  tokenizer: [tokenizer, 'given'],
};
const names = Object.keys(given) as (keyof typeof given)[];
/** An option with what it needs beside it. */
const only = (name: keyof typeof given): GenerateOptions => ({
  ...(name === 'stopStrings' ? { tokenizer } : {}),
  ...(name === 'numReturnSequences' ? { samplers: [] } : {}),
  [name]: given[name][0],
});

describe('resolveOptions', () => {
  it('is tested here with every option that there is', () => {
    expect([...names, 'preset'].sort()).toEqual(Object.keys(generateOptions).sort());
  });

  it('falls back on the library', () => {
    const { options, report } = resolveOptions('generate', {}, {});
    expect(options).toMatchObject({
      samplers: [{ name: 'greedy' }],
      numReturnSequences: 1,
      maxNewTokens: 256,
      maxLength: Infinity,
      minNewTokens: 0,
      minLength: 0,
      forcedBosTokenId: null,
      forcedEosTokenId: null,
      eosTokenIds: [],
      stopStrings: [],
      maxTime: Infinity,
      cache: 'static',
      prefillChunkSize: Infinity,
      onContextFull: 'stop',
      logprobs: false,
      topLogprobs: 0,
      logprobsOf: [],
      logprobsMode: 'raw',
      explain: false,
      steps: false,
    });
    expect(new Set(Object.values(report).map(({ source }) => source))).toEqual(new Set(['library default']));
    expect(report).not.toHaveProperty('stopWhen');
  });

  it.each(names)('takes %s from the call', (name) => {
    const { options, report } = resolveOptions('generate', only(name), {});
    expect(options[name as keyof typeof options]).toEqual(given[name][0]);
    expect(report[name]).toEqual({ value: given[name][1], source: 'call' });
  });

  it.each(names)('takes %s from a preset', (name) => {
    const { options, report } = resolveOptions('generate', { preset: { name: 'mine', options: only(name) } }, {});
    expect(options[name as keyof typeof options]).toEqual(given[name][0]);
    expect(report[name]).toEqual({ value: given[name][1], source: 'preset' });
  });

  it.each([
    'eosTokenIds',
    'maxNewTokens',
    'maxLength',
    'minLength',
    'minNewTokens',
    'forcedBosTokenId',
    'forcedEosTokenId',
  ] as const)('takes %s from the checkpoint', (name) => {
    const { options, report } = resolveOptions('generate', {}, { [name]: given[name][0] });
    expect(options[name]).toEqual(given[name][0]);
    expect(report[name]).toEqual({ value: given[name][1], source: 'generation_config.json' });
  });

  it('lets the call win over the preset, and the preset over the checkpoint', () => {
    const preset = { name: 'short', options: { maxNewTokens: 2, eosTokenIds: [2] } };
    const { options, report } = resolveOptions(
      'generate',
      { maxNewTokens: 1, preset },
      { maxNewTokens: 3, eosTokenIds: [3], minLength: 3 },
    );
    expect([options.maxNewTokens, options.eosTokenIds, options.minLength]).toEqual([1, [2], 3]);
    expect([report.maxNewTokens, report.eosTokenIds, report.minLength].map((entry) => entry?.source)).toEqual([
      'call',
      'preset',
      'generation_config.json',
    ]);
  });

  it('takes an option that is undefined as left out', () => {
    const call = { maxNewTokens: undefined } as unknown as GenerateOptions;
    expect(resolveOptions('generate', call, { maxNewTokens: 3 }).options.maxNewTokens).toBe(3);
  });

  it("overrides a checkpoint's maximum length with the caller's number of new tokens", () => {
    const lengths = (call: GenerateOptions) => resolveOptions('generate', call, { maxLength: 20 }).options.maxLength;
    expect(lengths({})).toBe(20);
    expect(lengths({ maxNewTokens: 50 })).toBe(Infinity);
    expect(lengths({ preset: { name: 'long', options: { maxNewTokens: 50 } } })).toBe(Infinity);
    expect(lengths({ maxNewTokens: 50, maxLength: 10 })).toBe(10);
  });

  it('makes up a seed and reports it', () => {
    const { options, report } = resolveOptions('generate', {}, {});
    expect(report.seed).toEqual({ value: options.seed, source: 'library default' });
    expect(Number.isSafeInteger(options.seed)).toBe(true);
  });

  it('reports a cache of the caller in words, and a kind of cache as it is', () => {
    const printed = (cache: NonNullable<GenerateOptions['cache']>) =>
      resolveOptions('generate', { cache }, {}).report.cache?.value;
    expect(printed(toyModel().createCache())).toBe("the caller's");
    expect(printed({ kind: 'window', size: 4 })).toEqual({ kind: 'window', size: 4 });
  });
});

describe('an unknown option name', () => {
  const failure = (call: object): UnknownOptionError => {
    try {
      resolveOptions('generate', call, {});
    } catch (error) {
      return error as UnknownOptionError;
    }
    throw new Error('nothing was thrown');
  };

  it.each([
    ['maxTokens', 'maxNewTokens'],
    ['max_new_tokens', 'maxNewTokens'],
    ['stopstrings', 'stopStrings'],
    ['Seed', 'seed'],
    ['sampler', 'samplers'],
    ['topLogProb', 'topLogprobs'],
  ])('%s is refused, with %s as the nearest', (name, nearest) => {
    const error = failure({ [name]: 1 });
    expect(error).toBeInstanceOf(UnknownOptionError);
    expect(error).toMatchObject({ owner: 'generate', option: name, nearest });
    expect(error.message).toContain(`Did you mean '${nearest}'?`);
  });

  it('is refused without a guess when nothing is near', () => {
    expect(failure({ qqqqqqqqqqq: 1 }).nearest).toBeUndefined();
  });

  it.each(['temperature', 'top_p', 'topK', 'num_beams', 'repetition_penalty'])(
    'says where samplers and strategies go: %s',
    (name) => {
      expect(failure({ [name]: 1 }).message).toMatch(/is a stage of 'samplers'.* is given to 'strategy'/);
      expect(failure({ preset: { name: 'mine', options: { [name]: 1 } } }).message).toContain(
        "is a stage of 'samplers'",
      );
    },
  );

  it('is refused in a preset, which is named', () => {
    const error = failure({ preset: { name: 'creative', options: { temprature: 1 } } });
    expect(error).toMatchObject({ owner: 'preset creative', option: 'temprature' });
  });

  it('is preset within a preset', () => {
    expect(failure({ preset: { name: 'outer', options: { preset: { name: 'inner', options: {} } } } })).toMatchObject({
      owner: 'preset outer',
      option: 'preset',
    });
  });
});

describe('the default chain', () => {
  const choice: Sampler = { name: 'choice', traits: { selectsArgMax: true }, onHost: () => undefined };
  const chainOf = (call: GenerateOptions, model: ModelDefaults = {}) =>
    resolveOptions('generate', call, model).options.samplers.map(({ name }) => name);

  it("is the model's, and greedy decoding without one", () => {
    expect(chainOf({})).toEqual(['greedy']);
    expect(chainOf({}, { samplers: [sampler] })).toEqual(['mine']);
    expect(chainOf({ samplers: [] }, { samplers: [sampler] })).toEqual([]);
  });

  it('leaves the choice to a strategy that compares tokens', () => {
    for (const comparesTokens of ['by-rank', 'by-chance'] as const) {
      const compares = { ...strategy, comparesTokens };
      expect(chainOf({ strategy: compares })).toEqual([]);
      expect(chainOf({ strategy: compares }, { samplers: [sampler, choice] })).toEqual(['mine']);
    }
  });

  it('is the same under a strategy that takes one token, such as speculation', () => {
    expect(chainOf({ strategy })).toEqual(['greedy']);
    expect(chainOf({ strategy }, { samplers: [sampler, choice] })).toEqual(['mine', 'choice']);
    expect(chainOf({ strategy, samplers: [sampler, choice] })).toEqual(['mine', 'choice']);
  });

  it('is refused by a strategy that needs several tokens when it leaves one', () => {
    const ranks = { ...strategy, comparesTokens: 'by-rank' } as const;
    const samples = { ...strategy, comparesTokens: 'by-chance' } as const;
    const yielding: Sampler = { ...choice, traits: { selectsArgMax: true, yieldsToStrategy: true } };
    expect(chainOf({ strategy: ranks, samplers: [sampler, yielding] })).toEqual(['mine']);
    expect(chainOf({ strategy, samplers: [sampler, yielding] })).toEqual(['mine', 'choice']);
    for (const call of [
      { strategy: ranks, samplers: [sampler, choice] },
      { strategy: ranks, samplers: [choice, sampler] },
      { strategy: samples, samplers: [sampler, choice] },
      { strategy: samples, samplers: [sampler, yielding] },
    ])
      expect(() => chainOf(call)).toThrow(
        /samplers must be a chain without 'choice' for the strategy '.*', which needs/,
      );
  });

  it('cannot give several sequences by greedy decoding', () => {
    expect(() => chainOf({ numReturnSequences: 2 })).toThrow(/numReturnSequences must be 1 for greedy decoding/);
    expect(() => chainOf({ numReturnSequences: 2, strategy })).toThrow(
      /numReturnSequences must be 1 for greedy decoding/,
    );
    expect(chainOf({ numReturnSequences: 2 }, { samplers: [sampler] })).toEqual(['mine']);
    expect(chainOf({ numReturnSequences: 2, strategy: { ...strategy, comparesTokens: 'by-chance' } })).toEqual([]);
  });
});

describe('a wrong value', () => {
  it.each<[name: string, values: unknown[]]>([
    ['maxNewTokens', [-1, 0.5, Number.NaN, Infinity, '5', null]],
    ['minNewTokens', [-1, 0.5, '5']],
    ['minLength', [-1, 0.5, '5']],
    ['maxLength', [0, -1, 2.5, '5', null]],
    ['numReturnSequences', [0, -1, 1.5, '2']],
    ['topLogprobs', [-1, 0.5, true]],
    ['prefillChunkSize', [0, -1, 0.5, '1']],
    ['maxTime', [-1, Number.NaN, '1', null]],
    ['seed', [-1, 0.5, 2 ** 53, 'x', null, [1, -1]]],
    ['eosTokenIds', [[-1], [0.5], ['a'], 5, null]],
    ['logprobsOf', [[-1], [0.5], 5, null]],
    ['forcedBosTokenId', [-1, 0.5, 'a']],
    ['forcedEosTokenId', [-1, 0.5, 'a']],
    ['logprobsMode', [1, true, null]],
    ['logprobs', [1, 'yes', null]],
    ['explain', [1, null]],
    ['steps', ['no', null]],
    ['stopStrings', ['\n\n', [''], [5], null]],
    ['samplers', [sampler, [{}], [{ name: 'no form' }], [null], [5], null]],
    ['strategy', [{ name: 'no decode' }, null, 'beam']],
    ['stopWhen', [5, null]],
    ['signal', [{}, null, 5]],
    ['tokenizer', [{}, null]],
    ['cache', [null, 5]],
    ['preset', ['creative', null, {}, { name: 'no options' }]],
  ])('of %s is refused with its name and value', (name, values) => {
    for (const value of values) {
      let error: unknown;
      try {
        resolveOptions('generate', { tokenizer, samplers: [], [name]: value } as GenerateOptions, {});
      } catch (caught) {
        error = caught;
      }
      expect(error, JSON.stringify(value)).toBeInstanceOf(ParameterError);
      expect(error).toMatchObject({
        owner: 'generate',
        parameter: expect.stringMatching(new RegExp(`^${name}(\\[\\d+\\])?$`)),
      });
      const { received } = error as ParameterError;
      expect([value, ...[value].flat()]).toContainEqual(received);
    }
  });

  it('from a checkpoint or a preset is refused like one from the call', () => {
    expect(() => resolveOptions('generate', {}, { maxNewTokens: -3 })).toThrow(ParameterError);
    const preset = { name: 'bad', options: { topLogprobs: -3 } };
    expect(() => resolveOptions('generate', { preset }, {})).toThrow('topLogprobs must be an integer of at least 0');
  });

  it.each([
    ['onContextFull', 'slid', 'slide'],
    ['cache', 'dynmic', 'dynamic'],
    ['cache', 'toString', undefined],
  ])('of %s that is a wrong word (%s) is refused with the nearest word', (name, value, nearest) => {
    const resolve = () => resolveOptions('generate', { [name]: value }, {});
    expect(resolve).toThrow(UnknownOptionError);
    if (nearest !== undefined) expect(resolve).toThrow(`Did you mean '${nearest}'?`);
  });

  it('is a stop string without a tokenizer to find it with', () => {
    expect(() => resolveOptions('generate', { stopStrings: ['x'] }, {})).toThrow(
      'generate: tokenizer must be given together with stopStrings',
    );
  });
});
