import { fusedWasm } from '@tokenwright/backends/wasm';
import { type Engine, type GenerateOptions, generateBatch, type LanguageModel } from '@tokenwright/core';
import { createModel } from '@tokenwright/core/model';
import { seededWeights, tinyModels } from '@tokenwright/core/testing';
import { constrain } from '@tokenwright/grammar';
import { beamSearch, promptLookup, speculative } from '@tokenwright/strategies';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { testEngine } from '../engines.ts';
import { begins, jsonVocabulary, replyGrammar, textOf } from './json-tokens.ts';

const vocabSize = 61;
const vocabulary = jsonVocabulary(vocabSize);
const machine = replyGrammar();
const prompts = [
  [5, 17, 42, 8],
  [60, 3],
];
const calls: readonly [string, GenerateOptions['strategy']][] = [
  ['sampling', undefined],
  ['beam search', beamSearch({ numBeams: 3 })],
  ['speculation', speculative({ draft: promptLookup({ maxMatchingNgramSize: 1 }) })],
];

async function open(engine: Engine): Promise<LanguageModel> {
  const { architecture, config } = tinyModels[0]!;
  return createModel(engine, architecture, config, seededWeights(architecture, config, { seed: 1 }));
}

async function idsOf(
  model: LanguageModel,
  strategy: GenerateOptions['strategy'],
): Promise<readonly (readonly number[])[]> {
  const { ids } = await generateBatch(model, prompts, {
    samplers: [constrain({ automaton: machine, vocabulary })],
    ...(strategy === undefined ? {} : { strategy }),
    eosTokenIds: [0],
    maxNewTokens: 12,
    seed: 5,
  });
  return ids;
}

/** What the reference engine on cpu gives. */
const expected = new Map<string, readonly (readonly number[])[]>();

beforeAll(async () => {
  const engine = (await testEngine('cpu'))!;
  const model = await open(engine);
  for (const [name, strategy] of calls) expected.set(name, await idsOf(model, strategy));
  model.dispose();
  await engine.dispose();
}, 120_000);

describe.each<[string, () => Promise<Engine>]>([
  ['TensorFlow.js on wasm', async () => (await testEngine('wasm'))!],
  ['the fused wasm engine', () => fusedWasm({ threads: 1 }).start()],
])('a grammar on %s', (_, start) => {
  let engine: Engine;
  let model: LanguageModel;
  beforeAll(async () => {
    engine = await start();
    model = await open(engine);
  }, 60_000);
  afterAll(async () => {
    model.dispose();
    await engine.dispose();
  });

  it.each(calls)('gives the tokens of cpu: %s', async (name, strategy) => {
    const ids = await idsOf(model, strategy);
    expect(ids).toEqual(expected.get(name));
    for (const row of ids) {
      const text = textOf(row, vocabulary);
      expect([text, begins(machine, row, vocabulary)]).toEqual([text, true]);
    }
  });
});
