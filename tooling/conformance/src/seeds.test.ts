import { fusedWasm } from '@tokenwright/backends/wasm';
import { type Engine, type GenerateOptions, generateBatch, type LanguageModel } from '@tokenwright/core';
import { demoModel } from '@tokenwright/demo-model';
import { load } from '@tokenwright/loaders';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { testEngine } from './engines.ts';

const king = 'Once upon a time there was a king who';
const ship = 'In the year 1801 the ship left the harbour with forty men and a';

/** Where a draw by a running sum over the vocabulary gave different tokens, because float32 logits differ in their last bits. */
describe('a seed gives the same tokens', () => {
  const names = ['cpu', 'wasm', 'fused wasm'] as const;
  const engines: Engine[] = [];
  const models = new Map<string, LanguageModel>();
  let encode: (text: string) => readonly number[];

  beforeAll(async () => {
    for (const name of names) {
      const engine = name === 'fused wasm' ? await fusedWasm({ threads: 1 }).start() : (await testEngine(name))!;
      if (name === 'fused wasm') engines.push(engine);
      const { model, tokenizer } = await load(demoModel(), { engine });
      models.set(name, model);
      encode = (text) => tokenizer!.encode(text);
    }
  });
  afterAll(async () => {
    for (const model of models.values()) model.dispose();
    for (const engine of engines) await engine.dispose();
  });

  const ids = async (name: (typeof names)[number], prompt: string, options: GenerateOptions) => {
    const call = { samplers: [], maxNewTokens: 6, ...options };
    return (await generateBatch(models.get(name)!, [encode(prompt)], call)).sequences[0]!.ids;
  };

  test.each([
    ['fused wasm and TF.js wasm', 'fused wasm', 'wasm', king, 389, {}],
    ['TF.js wasm and cpu', 'wasm', 'cpu', king, 3248, {}],
    ['a static and a dynamic cache', 'wasm', 'wasm', king, 3248, { cache: 'dynamic' }],
    ['a prompt as a whole and in single tokens', 'wasm', 'wasm', ship, 1902, { cache: 'dynamic', prefillChunkSize: 1 }],
  ] as const)('with %s', async (_, one, other, prompt, seed, options) => {
    expect(await ids(other, prompt, { seed, ...options })).toEqual(await ids(one, prompt, { seed }));
  });

  test('of 30 seeds on fused wasm and TF.js wasm', async () => {
    const seeds = Array.from({ length: 30 }, (_, i) => 375 + i);
    const tokens = async (name: (typeof names)[number]) => {
      const prompt = encode(king);
      const call = { samplers: [], maxNewTokens: 3, seed: seeds, numReturnSequences: 1 };
      return (await generateBatch(models.get(name)!, Array(seeds.length).fill(prompt), call)).ids;
    };
    expect(await tokens('fused wasm')).toEqual(await tokens('wasm'));
  });
});
