import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { generate, generateText, score } from '@tokenwright/core';
import { verifyClose } from '@tokenwright/core/testing';
import { type LoadedModel, load } from '@tokenwright/loaders';
import { greedy } from '@tokenwright/samplers';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type TestBackend, testEngine } from './engines.ts';
import { describeShared } from './shared-data.ts';
import { installWebgpu } from './webgpu-node.ts';

interface GoldenCase {
  readonly name: string;
  readonly prompt: string;
  readonly input_ids_fed: readonly number[];
  readonly argmax_per_pos: readonly number[];
  readonly text: string;
}

/** The start token of the next story ends a story. */
const eosTokenIds = [1];

describeShared('stories260k, against llama2.c', 'fixtures/stories260k', (folder) => {
  const golden =
    folder === ''
      ? []
      : (JSON.parse(readFileSync(join(folder, 'golden/llama2c_golden.json'), 'utf8')) as { cases: GoldenCase[] }).cases;
  const named = (name: string): GoldenCase => golden.find((candidate) => candidate.name === name)!;
  /** The tokens that run.c fed after the prompt, and its last choice. */
  const continuation = ({ input_ids_fed, argmax_per_pos }: GoldenCase, promptLength: number): number[] => [
    ...input_ids_fed.slice(promptLength),
    argmax_per_pos.at(-1)!,
  ];

  const suite = (backend: TestBackend, names: readonly string[], most: number): void => {
    let loaded: LoadedModel;
    beforeAll(async () => {
      loaded = await load(folder, { engine: (await testEngine(backend))! });
    });
    afterAll(() => loaded.dispose());

    test.each(names)('%s: ids and text', async (name) => {
      const { model, tokenizer } = loaded;
      const expected = named(name);
      const prompt = tokenizer.encode(expected.prompt);
      const wanted = continuation(expected, prompt.length).slice(0, most);
      const options = { samplers: [greedy()], eosTokenIds, maxNewTokens: wanted.length };
      const { ids } = (await generate(model, prompt, options)).sequences[0]!;
      expect(ids).toEqual(wanted);
      // run.c does not print multi-byte characters, so only the ids of that case are compared.
      if (name.startsWith('unicode') || wanted.length === most) return;
      let text = expected.prompt;
      for await (const piece of generateText(model, tokenizer, expected.prompt, options)) text += piece;
      expect(text.trim()).toBe(expected.text.trim());
    });

    test('logits of bos_greedy_256', async () => {
      const bytes = readFileSync(join(folder, 'golden/bos_greedy_256.logits.f32'));
      const logits = new Float32Array(bytes.buffer.slice(bytes.byteOffset, bytes.byteOffset + bytes.byteLength));
      const count = Math.min(256, most);
      const fed = named('bos_greedy_256').input_ids_fed.slice(0, count);
      const cache = loaded.model.createCache();
      const result = loaded.model.forward([fed], cache, { scored: count });
      verifyClose(await result.logits.read(), logits.subarray(0, count * 512), 1e-3, 'logits');
      result.dispose();
      cache.dispose();
    });

    test('a score is the sum over the steps', async () => {
      const { input_ids_fed: text } = named('bos_greedy_256');
      const { tokens } = await score(loaded.model, text.slice(0, 24), { chunk: 7 });
      const events = [];
      const stream = generate(loaded.model, text.slice(0, 1), {
        samplers: [greedy()],
        maxNewTokens: 23,
        logprobs: true,
        eosTokenIds: eosTokenIds,
      });
      for await (const event of stream) if (event.type === 'token') events.push(event);
      expect(tokens.map(({ id }) => id)).toEqual(events.map(({ id }) => id));
      verifyClose(
        tokens.map(({ logprob }) => logprob),
        events.map(({ logprob }) => logprob!),
        1e-4,
        'log-probabilities',
      );
      expect(tokens.map(({ rank }) => rank)).toEqual(events.map(({ rank }) => rank));
    });
  };

  const all = ['bos_greedy_256', 'bos_greedy_400', 'once_greedy', 'lily_tom_greedy', 'unicode_prompt_greedy'];
  describe('on wasm', () => suite('wasm', all, 512));
  describe('on cpu', () => suite('cpu', all, 512));
});

const hasWebgpu = (await installWebgpu()) !== undefined;
describe.skipIf(!hasWebgpu)('WebGPU', () => {
  describeShared('stories260k on WebGPU, a short case', 'fixtures/stories260k', (folder) => {
    test('the first tokens of bos_greedy_256', async () => {
      const { cases } = JSON.parse(readFileSync(join(folder, 'golden/llama2c_golden.json'), 'utf8')) as {
        cases: GoldenCase[];
      };
      const { model, dispose } = await load(folder, { engine: (await testEngine('webgpu'))! });
      const expected = cases.find(({ name }) => name === 'bos_greedy_256')!;
      const { ids } = (await generate(model, [1], { samplers: [greedy()], maxNewTokens: 6, eosTokenIds }))
        .sequences[0]!;
      expect(ids).toEqual(expected.input_ids_fed.slice(1, 7));
      dispose();
    }, 120_000);
  });
});
