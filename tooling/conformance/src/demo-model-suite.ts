import { readFileSync } from 'node:fs';
import { generate, generateText } from '@tokenwright/core';
import { verifyClose } from '@tokenwright/core/testing';
import { demoModel } from '@tokenwright/demo-model';
import { type LoadedModel, load } from '@tokenwright/loaders';
import { greedy, temperature, topP } from '@tokenwright/samplers';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { type TestBackend, testEngine } from './engines.ts';

interface ExpectedCase {
  readonly prompt: string;
  readonly ids: readonly number[];
  readonly greedy_ids: readonly number[];
  readonly greedy_text: string;
  readonly first_logits_top20: readonly (readonly [number, number])[];
  readonly first_logits_logsumexp?: number;
}

function expectedCases(name: string): readonly ExpectedCase[] {
  const file = new URL(`../../../packages/demo-model/models/${name}/expected.json`, import.meta.url);
  return (JSON.parse(readFileSync(file, 'utf8')) as { cases: ExpectedCase[] }).cases;
}

/** The tokens of the first backend, by model, which the other backends must equal. */
const sampled = new Map<string, readonly (readonly number[])[]>();

/** What the demo models promise, on one backend, for at most `most` tokens of a text. */
export function demoModelSuite(backend: TestBackend, name: 'story' | 'story-amateur', most: number): void {
  let loaded: LoadedModel;
  beforeAll(async () => {
    loaded = await load(demoModel(name), { engine: (await testEngine(backend))! });
  });
  afterAll(() => loaded.dispose());

  test.each(expectedCases(name))(
    'greedy from $prompt',
    async (expected) => {
      const { model, tokenizer } = loaded;
      expect(tokenizer.encode(expected.prompt)).toEqual(expected.ids);
      const options = {
        samplers: [greedy()],
        maxNewTokens: Math.min(most, expected.greedy_ids.length),
        eosTokenIds: [],
      };
      const stream = generateText(model, tokenizer, expected.prompt, options);
      let text = expected.prompt;
      for await (const piece of stream) text += piece;
      const end = await stream;
      expect(end.ids).toEqual(expected.greedy_ids.slice(0, most));
      if (most >= expected.greedy_ids.length) expect(text).toBe(expected.greedy_text);
    },
    120_000,
  );

  test.each(expectedCases(name))('first logits after $prompt', async (expected) => {
    const cache = loaded.model.createCache();
    const result = loaded.model.forward([expected.ids], cache);
    const logits = await result.logits.read();
    result.dispose();
    cache.dispose();
    const received = expected.first_logits_top20.map(([id]) => logits[id]!);
    verifyClose(
      received,
      expected.first_logits_top20.map(([, logit]) => logit),
      1e-3,
      'logits',
    );
  });

  test('the same seeds give the tokens of the other backends', async () => {
    const samplers = [temperature({ temperature: 0.8 }), topP({ p: 0.95 })];
    const { ids } = await generate(
      loaded.model,
      [1, 2, 3].map(() => loaded.tokenizer.encode('It was a dark')),
      { samplers, maxNewTokens: Math.min(most, 24), seed: [7, 8, 0], eosTokenIds: [] },
    );
    const others = sampled.get(name);
    if (others === undefined) sampled.set(name, ids);
    else expect(ids.map((row) => row.slice(0, most))).toEqual(others.map((row) => row.slice(0, most)));
  }, 120_000);
}
