import * as tf from '@tensorflow/tfjs-core';
import {
  EmptyDistributionError,
  generate,
  InvalidLogitsError,
  type LanguageModel,
  type Sampler,
  type TokenEvent,
} from '@tokenwright/core';
import type { EngineMatrix } from '@tokenwright/core/engine';
import { createModel } from '@tokenwright/core/model';
import { Scores } from '@tokenwright/core/sampling';
import { seededWeights, testRow, tinyModels } from '@tokenwright/core/testing';
import { constrain, createVocabulary, regularExpression } from '@tokenwright/grammar';
import {
  allowedTokens,
  greedy,
  minP,
  prefixAllowedTokens,
  repetitionPenalty,
  temperature,
  topNSigma,
} from '@tokenwright/samplers';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type TestBackend, testEngine } from './engines.ts';

const removed = -Infinity;

/** What crossed from the device to the host. */
interface Traffic {
  /** Whole rows. */
  rows: number;
  /** Choices, one number per row. */
  choices: number;
}

/** A matrix that counts what is read from it and from matrices derived from it. */
function counting(inner: EngineMatrix, traffic: Traffic): EngineMatrix {
  const again = (matrix: EngineMatrix): EngineMatrix => counting(matrix, traffic);
  return {
    rows: inner.rows,
    columns: inner.columns,
    read: (rows) => {
      traffic.rows += rows?.length ?? inner.rows;
      return inner.read(rows);
    },
    map: (work) => again(inner.map!(work)),
    mask: (masks) => again(inner.mask!(masks)),
    choose: (keys) => {
      traffic.choices += inner.rows;
      return inner.choose!(keys);
    },
    dispose: () => inner.dispose(),
  };
}

/** The model with the given `readbackIsExpensive`, which counts what is read from its logits. */
function watched(model: LanguageModel, readbackIsExpensive: boolean, traffic: Traffic): LanguageModel {
  return {
    name: model.name,
    vocabSize: model.vocabSize,
    contextLength: model.contextLength,
    layers: model.layers,
    maxTokens: model.maxTokens,
    fingerprint: model.fingerprint,
    tensorBackend: model.tensorBackend,
    defaults: model.defaults,
    readbackIsExpensive,
    createCache: (options) => model.createCache(options),
    restoreCache: (bytes) => model.restoreCache(bytes),
    owns: (cache) => model.owns(cache),
    forward: (tokens, cache, options) => {
      const result = model.forward(tokens, cache, options);
      return { ...result, logits: counting(result.logits, traffic), dispose: () => result.dispose() };
    },
    dispose: () => {},
    [Symbol.dispose]: () => {},
  };
}

/** Large enough that a row is expensive to read back. */
const vocabSize = 4500;
const vocabulary = createVocabulary(
  Array.from({ length: vocabSize }, (_, id) => (id < 3 ? new Uint8Array() : Uint8Array.of(97 + (id % 26)))),
);
const matching = (pattern: string): Sampler => constrain({ automaton: regularExpression(pattern), vocabulary });
const everyThird = prefixAllowedTokens({
  allowed: (tokens) => Array.from(vocabulary.bytes.keys()).filter((id) => id % 3 === tokens.length % 3),
});
const chains: [string, Sampler[]][] = [
  ['a list of tokens', [allowedTokens({ tokens: [0, 16, 31, 32, 47, 60] })]],
  ['a list of tokens, greedily', [allowedTokens({ tokens: [5, 31, 60] }), greedy()]],
  ['one token left', [allowedTokens({ tokens: [37] })]],
  ['a function of the text', [everyThird, temperature({ temperature: 0.7 })]],
  ['a regular expression', [matching('[a-m]*'), minP({ p: 0.05 })]],
  [
    'a regular expression among device stages',
    [repetitionPenalty({ penalty: 1.3 }), matching('([a-c][n-z])*'), topNSigma({ sigmas: 3 }), greedy()],
  ],
  ['no stage at all', []],
  ['temperature 0', [temperature({ temperature: 0 })]],
];

describe.each<TestBackend>(['cpu', 'wasm', 'webgpu'])('on %s', async (backend) => {
  const engine = await testEngine(backend);
  if (engine === undefined) return test.skip('no WebGPU here');
  let model: LanguageModel;

  beforeAll(async () => {
    await tf.setBackend(backend);
    const { architecture } = tinyModels[0]!;
    const config = { ...(tinyModels[0]!.config as object), vocabSize };
    model = await createModel(
      engine,
      architecture,
      config,
      seededWeights(architecture, config, { seed: 3, deviation: 0.3 }),
    );
  });
  afterAll(() => model.dispose());

  const tokens = async (of: LanguageModel, samplers: Sampler[]): Promise<number[]> => {
    const ids: number[] = [];
    const options = {
      samplers,
      seed: 5,
      maxNewTokens: backend === 'webgpu' ? 2 : 6,
      eosTokenIds: [],
      onWarning: () => {},
    };
    for await (const event of generate(of, [[7, 8], [9]], options))
      if (event.type === 'token') ids.push((event as TokenEvent).id);
    return ids;
  };

  // A software GPU is slow, so it runs only the chains that differ most.
  const few = new Set(['a list of tokens', 'a regular expression among device stages', 'no stage at all']);
  const run = chains.filter(([name]) => backend !== 'webgpu' || few.has(name));
  test.each(run)('%s: gives the tokens of the host, and reads no row back', async (_, samplers) => {
    const traffic: Traffic = { rows: 0, choices: 0 };
    const near = await tokens(watched(model, false, { rows: 0, choices: 0 }), samplers);
    const before = tf.memory().numTensors;
    const far = await tokens(watched(model, true, traffic), samplers);
    expect(tf.memory().numTensors).toBe(before);
    expect(far).toEqual(near);
    expect(traffic).toEqual({ rows: 0, choices: far.length });
  });

  test.each(run)('%s: log-probabilities after all samplers are those of the host', async (_, samplers) => {
    const tokensOf = async (readbackIsExpensive: boolean): Promise<TokenEvent[]> => {
      const found: TokenEvent[] = [];
      const options = { samplers, seed: 5, maxNewTokens: 2, eosTokenIds: [], onWarning: () => {} };
      const asked = { ...options, topLogprobs: 3, logprobsMode: 'processed' } as const;
      for await (const event of generate(watched(model, readbackIsExpensive, { rows: 0, choices: 0 }), [7, 8], asked))
        if (event.type === 'token') found.push(event);
      return found;
    };
    const before = tf.memory().numTensors;
    const [near, far] = [await tokensOf(false), await tokensOf(true)];
    expect(tf.memory().numTensors).toBe(before);
    expect(far.map(({ id, top }) => [id, top!.map((one) => one.id)])).toEqual(
      near.map(({ id, top }) => [id, top!.map((one) => one.id)]),
    );
    for (const [at, { logprob, top }] of far.entries())
      for (const [received, expected] of [
        [logprob!, near[at]!.logprob!],
        ...top!.map((one, rank) => [one.logprob, near[at]!.top![rank]!.logprob] as const),
      ] as const)
        expect(received).toBeCloseTo(expected, 4);
  });

  /** Scores of given rows, on the device. */
  const scoresOf = (rows: readonly (readonly number[])[], samplers: Sampler[], traffic: Traffic, seed = 1): Scores => {
    const cache = model.createCache();
    const result = model.forward([[1]], cache);
    const logits = result.logits.map!(() => tf.tensor2d(rows.map((row) => [...row])));
    result.dispose();
    cache.dispose();
    const contexts = rows.map((row, sequence) => testRow(row, { prompt: [1, 1], sequence, seed }).context);
    const matrix = counting(logits, traffic);
    return new Scores({ logits: matrix, scored: rows.map(() => 1), dispose: () => logits.dispose() }, contexts, {
      tensorBackend: backend,
      readbackIsExpensive: true,
    }).apply(samplers);
  };

  test('a mask removes the same tokens on the device and on the host', async () => {
    const rows = [0, 1, 2].map((row) =>
      Array.from({ length: 77 }, (_, id) => (id % 5 === row ? removed : id - 40 * row)),
    );
    const mask: Sampler = {
      name: 'mine',
      mask: ({ sequence }) => Uint32Array.of(0xdeadbeef, 0x80000001, 0xfff0 >> sequence),
    };
    const traffic: Traffic = { rows: 0, choices: 0 };
    const scores = scoresOf(rows, [mask], traffic);
    for (const [row, values] of rows.entries()) {
      const expected = testRow(values, { sequence: row });
      expected.apply(mask, 0);
      expect([...(await scores.logits(row))]).toEqual([...expected.logits]);
    }
    scores.dispose();
  });

  test('samples the tokens of the host with any key', async () => {
    const row = Array.from({ length: vocabSize }, (_, id) =>
      id % 4 === 1 ? removed : Math.fround(Math.sin(id * 1.7) * 4),
    );
    const rows = new Array<number[]>(24).fill(row);
    const traffic: Traffic = { rows: 0, choices: 0 };
    const scores = scoresOf(rows, [], traffic, 9);
    const far = await scores.sample();
    expect(traffic).toEqual({ rows: 0, choices: 24 });
    const near = scoresOf(rows, [], traffic, 9);
    await near.logits(0);
    expect(far).toEqual(await near.sample());
    expect(new Set(far).size).toBeGreaterThan(12);
    scores.dispose();
    near.dispose();
  });

  test.each<[string, number[], Sampler[], new (...given: never[]) => Error, string]>([
    ['NaN of the model', [0, Number.NaN, 1], [allowedTokens({ tokens: [0, 1] })], InvalidLogitsError, 'model'],
    ['+Infinity of the model', [0, Infinity, 1], [], InvalidLogitsError, 'model'],
    ['a row with nothing left', [removed, removed, removed], [greedy()], EmptyDistributionError, 'model'],
    [
      'a mask that leaves nothing',
      [0, 1, removed],
      [allowedTokens({ tokens: [2] })],
      EmptyDistributionError,
      'allowed-tokens',
    ],
  ])('%s raises the same typed error as on the host', async (_, row, samplers, type, stage) => {
    const scores = scoresOf([[...row, ...new Array<number>(vocabSize - row.length).fill(removed)]], samplers, {
      rows: 0,
      choices: 0,
    });
    const error = await scores.sample().catch((raised: unknown) => raised);
    scores.dispose();
    expect(error).toBeInstanceOf(type);
    expect(error).toMatchObject({ stage });
  });
});
