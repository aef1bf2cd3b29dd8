import { defineSampler, ParameterError, type Tokenizer, UnknownOptionError } from '@tokenwright/core';
import { numberOption } from '@tokenwright/core/options';
import { candidatesOf, samplerCases, shaped } from '@tokenwright/core/testing';
import { describe, expect, test } from 'vitest';
import * as samplers from '../index.ts';
import { reference } from '../testing/reference.ts';

const { chainFromJson, chainToJson, createSamplerRegistry, describeSamplers, printChain, samplerRegistry } = samplers;

/** A sampler of another author: one declaration. */
const cooling = defineSampler({
  name: 'steady-cooling',
  summary: 'Divide the logits by a temperature that falls with the reply',
  source: 'A test',
  kind: 'shaping',
  options: {
    from: numberOption({ above: 0, suggested: 2, help: 'Temperature of the first token' }),
    rate: numberOption({ min: 0, default: 0.1, off: 0, help: 'How fast it falls' }),
  },
  create: ({ from, rate }) => ({
    traits: { keepsArgMax: true, narrows: true },
    onHost(logits, { position, promptLength }) {
      const t = 1 + (from - 1) / (1 + rate * (position - promptLength));
      for (let id = 0; id < logits.length; id++) logits[id]! /= t;
    },
  }),
});

describe('a sampler of another author', () => {
  const registry = { ...samplerRegistry, ...createSamplerRegistry([cooling]) };
  const chain = [cooling({ from: 2 }), samplers.topK({ k: 5 })];

  test('survives JSON', () => {
    const json = JSON.parse(JSON.stringify(chainToJson(chain)));
    expect(json[0]).toEqual({ sampler: 'steady-cooling', parameters: { from: 2, rate: 0.1 } });
    const restored = chainFromJson(json, registry);
    expect(chainToJson(restored)).toEqual(json);
    expect([...shaped(restored[0]!, [4, 2])]).toEqual([2, 1]);
    expect(() => chainFromJson(json)).toThrow(UnknownOptionError);
  });

  test('prints', () => {
    expect(printChain(chain)).toBe('steady-cooling(from 2, rate 0.1) > top-k(k 5, ties exactly-k)');
  });

  test('is described', () => {
    expect(describeSamplers(registry).find(({ name }) => name === 'steady-cooling')).toEqual({
      name: 'steady-cooling',
      factory: 'steadyCooling',
      summary: 'Divide the logits by a temperature that falls with the reply',
      source: 'A test',
      kind: 'shaping',
      options: [
        {
          name: 'from',
          kind: 'number',
          help: 'Temperature of the first token',
          required: true,
          allowed: 'a number above 0',
          choices: undefined,
          min: 0,
          max: undefined,
          default: undefined,
          off: undefined,
          suggested: 2,
        },
        {
          name: 'rate',
          kind: 'number',
          help: 'How fast it falls',
          required: false,
          allowed: 'a number of at least 0',
          choices: undefined,
          min: 0,
          max: undefined,
          default: 0.1,
          off: 0,
          suggested: undefined,
        },
      ],
    });
    expect(reference(describeSamplers(registry))).toContain(
      '| `from` | Temperature of the first token | a number above 0 | required |  |',
    );
  });

  test('checks its options', () => {
    expect(() => cooling({ from: 0 })).toThrow('steadyCooling: from must be a number above 0, but 0 was given.');
    expect(() => cooling({ From: 2 } as never)).toThrow(/unknown option 'From'. Did you mean 'from'/);
  });

  for (const { name, skip, run } of samplerCases(() => cooling({ from: 3 }), { vocabSizes: [2, 24] }))
    if (!name.startsWith('device')) test.skipIf(skip !== undefined)(name, run);
});

test('the registry has every factory of the main entry, under its own name', () => {
  const factories = Object.entries(samplers).filter(
    ([name, value]) => typeof value === 'function' && 'definition' in value && name in samplers && !isPreset(name),
  );
  expect(factories.length).toBeGreaterThan(40);
  for (const [name, factory] of factories) {
    const { definition } = factory as { definition: { name: string } };
    expect(Object.values(samplerRegistry)).toContain(factory);
    expect(definition.name.replace(/-([a-z0-9])/g, (_, letter: string) => letter.toUpperCase())).toBe(name);
  }
  expect(Object.keys(samplerRegistry)).toHaveLength(factories.length);
});

function isPreset(name: string): boolean {
  return ['huggingFace', 'llamaCpp', 'vllm', 'ollama', 'xTransformers', 'gpt2'].includes(name);
}

test('two factories of one name are an error', () => {
  expect(() => createSamplerRegistry([samplers.topK, samplers.topK])).toThrow(ParameterError);
});

describe('the texts of tokens', () => {
  const words = ['yes', 'no', 'ye', ' maybe'];
  const tokenizer = {
    vocabSize: words.length,
    encode: () => [],
    decode: (ids: readonly number[]) => ids.map((id) => words[id]).join(''),
  } as unknown as Tokenizer;
  const registry = samplers.withTokenizer(samplerRegistry, tokenizer);
  const make = (sampler: string, parameters: object) => chainFromJson([{ sampler, parameters }], registry)[0]!;

  test('are supplied to the samplers that need them, by the kind of the option', () => {
    const flat = [0, 0, 0, 0];
    expect(candidatesOf(shaped(make('regex', { pattern: '(yes|no)' }), flat))).toEqual([0, 1, 2]);
    expect(candidatesOf(shaped(make('token-healing', { text: 'ye' }), flat))).toEqual([0, 2]);
    const probable = [0.5, 0.1, 0.3, 0.1].map(Math.log);
    expect(candidatesOf(shaped(make('infill', {}), probable))).toEqual([0]);
    expect(chainToJson([make('regex', { pattern: 'no' })])).toEqual([
      { sampler: 'regex', parameters: { pattern: 'no' } },
    ]);
  });

  test('are a typed error when they are missing', () => {
    expect(() => chainFromJson([{ sampler: 'regex', parameters: { pattern: 'a' } }])).toThrow(
      'regex: texts must be a list of strings, but undefined was given.',
    );
    expect(() => make('prefix-allowed-tokens', {})).toThrow(ParameterError);
  });
});

describe('what a person passes wrong is a typed error', () => {
  const any = (value: unknown): never => value as never;
  test.each<[string, () => unknown, string | RegExp]>([
    ['a name of Hugging Face', () => samplers.topP(any({ top_p: 0.9 })), /unknown option 'top_p'. Did you mean 'p'/],
    ['a misspelled name', () => samplers.minP(any({ p: 0.1, minkeep: 2 })), /Did you mean 'minKeep'/],
    ['a factory name in JSON', () => chainFromJson([{ sampler: 'topK' }]), /Did you mean 'top-k'/],
    ['a number for options', () => samplers.topK(any(40)), 'topK: options must be an object, but 40 was given.'],
    ['null for options', () => samplers.topK(any(null)), 'topK: options must be an object, but null was given.'],
    ['a list for options', () => samplers.greedy(any([])), 'greedy: options must be an object, but [] was given.'],
    ['an own key __proto__', () => samplers.greedy(any(JSON.parse('{"__proto__":1}'))), /unknown option '__proto__'/],
    [
      'an inherited name',
      () => samplers.greedy(any(Object.create({ t: 1 }))),
      /greedy: options must be a plain object/,
    ],
    ['a string for a number', () => samplers.topP(any({ p: '0.9' })), /topP: p must be a number from 0 to 1/],
    ['NaN', () => samplers.temperature({ temperature: Number.NaN }), /temperature must be a number of at least 0/],
    ['null for a value', () => samplers.topP(any({ p: null })), /topP: p must be a number from 0 to 1, but null/],
    [
      'an array-like that is not a list',
      () => samplers.suppressTokens(any({ tokens: { length: 1, 0: 5 } })),
      /suppressTokens: tokens must be a list of token ids/,
    ],
    [
      'an empty place in a list',
      // biome-ignore lint/suspicious/noSparseArray: an empty place is what is tested.
      () => samplers.suppressTokens({ tokens: any([1, , 2]) }),
      /suppressTokens: tokens\[1\] must be an integer of at least 0, but undefined/,
    ],
    ['a key of a bias that is not an id', () => samplers.tokenBias(any({ biases: { a: 1 } })), /keyed by token ids/],
    [
      'a bias under __proto__',
      () => samplers.tokenBias({ biases: JSON.parse('{"__proto__":1}') }),
      /keyed by token ids, but '__proto__' was given/,
    ],
    ['__proto__ in JSON', () => chainFromJson([{ sampler: '__proto__' }]), /unknown option '__proto__'/],
  ])('%s', (_, act, message) => {
    let error: unknown;
    try {
      act();
    } catch (caught) {
      error = caught;
    }
    expect(error).toSatisfy((value) => value instanceof ParameterError || value instanceof UnknownOptionError);
    expect((error as Error).message).toMatch(message);
  });

  test('lists are copied, so a later change of the caller has no effect', () => {
    const tokens = [1];
    const words = [[2]];
    const chain = [samplers.suppressTokens({ tokens }), samplers.badWords({ words })];
    tokens.push(0);
    words[0]![0] = 3;
    expect(candidatesOf(shaped(chain, [0, 0, 0, 0]))).toEqual([0, 3]);
    expect(samplers.suppressTokens({ tokens: any(Int32Array.of(1)) }).parameters).toEqual({ tokens: [1] });
  });

  test('a proxy is read like any object', () => {
    expect(samplers.topK(new Proxy({ k: 3 }, {})).parameters).toEqual({ k: 3, ties: 'exactly-k' });
  });
});
