import { readFileSync } from 'node:fs';
import type { Engine, LanguageModel } from '@tokenwright/core';
import { llama } from '@tokenwright/core/architectures';
import type { Architecture } from '@tokenwright/core/engine';
import { createModel, createSequenceToSequence } from '@tokenwright/core/model';
import { referenceEngine } from '@tokenwright/core/reference';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { checkpoint } from './checkpoints.ts';
import { casesOf, decoders, translators } from './golden-texts.ts';
import { errorOf, feed, greedyTokens, logitsOf } from './logits.ts';

/**
 * Define the tests of an engine on the recorded checkpoints next to the repository. Missing ones are skipped with a
 * message.
 */
export function testCheckpoints(start: () => Promise<Engine>): void {
  let engine: Engine;
  let reference: Engine;
  beforeAll(async () => {
    [engine, reference] = [await start(), await referenceEngine({ backend: 'cpu' })];
  });
  afterAll(async () => {
    expect(engine.memory().bytes).toBe(0);
    await engine.dispose();
    await reference.dispose();
  });

  describe.each(['gpt2-tiny', 'llama-tiny', 'llama-tiny-4l'])('%s of the goldens', (name) => {
    const found = checkpoint(`shared/goldens/generate/${name}`);
    it.skipIf(found === undefined)('gives the logits and the greedy tokens of Hugging Face’s code', async () => {
      const { config, source, folder } = found!;
      const architecture = decoders[config.model_type as string]!;
      const model = await createModel(engine, architecture, architecture.configure(config), source);
      for (const { id, input_ids, logits } of casesOf(folder, 'forward')) {
        const rows = await logitsOf(model, input_ids[0]!);
        for (const [i, row] of rows.entries())
          for (const [token, value] of row.entries())
            expect(Math.abs(value - logits![0]![i]![token]!), `${id} ${i} ${token}`).toBeLessThan(1e-4);
      }
      for (const { id, input_ids, sequences, params } of casesOf(folder, 'greedy')) {
        const plain = Object.keys(params ?? {}).every((key) =>
          ['max_new_tokens', 'do_sample', 'pad_token_id'].includes(key),
        );
        if (!plain || input_ids.length !== 1) continue;
        const prompt = input_ids[0]!;
        const maxNewTokens = sequences![0]!.length - prompt.length;
        const tokens = await greedyTokens(model, prompt, maxNewTokens);
        expect(tokens, id).toEqual(sequences![0]!.slice(prompt.length));
      }
      model.dispose();
    });
  });

  describe('stories260k', () => {
    const found = checkpoint('shared/fixtures/stories260k');
    it.skipIf(found === undefined)('gives the logits of llama2.c for 256 positions', async () => {
      const { config, source, folder } = found!;
      const model = await createModel(engine, llama as unknown as Architecture, llama.configure(config), source);
      const golden = JSON.parse(readFileSync(`${folder}/golden/llama2c_golden.json`, 'utf8')) as {
        cases: { name: string; input_ids_fed: number[] }[];
      };
      const ids = golden.cases.find((each) => each.name === 'bos_greedy_256')!.input_ids_fed;
      const bytes = readFileSync(`${folder}/golden/bos_greedy_256.logits.f32`);
      const logits = new Float32Array(bytes.buffer.slice(bytes.byteOffset, bytes.byteOffset + bytes.byteLength));
      const expected = Array.from(ids, (_, i) => logits.subarray(i * 512, (i + 1) * 512));
      const received = await logitsOf(model, ids, 100);
      expect(errorOf(received, expected)).toBeLessThan(1e-4);
      model.dispose();
    });
  });

  describe.each(['t5-tiny', 't5-tiny-gated-untied', 'bart-tiny', 'marian-tiny'])('%s of the goldens', (name) => {
    const found = checkpoint(`shared/goldens/generate/${name}`);
    it.skipIf(found === undefined)('gives the logits of the reference engine over several sources', async () => {
      const { config, source } = found!;
      const architecture = translators[config.model_type as string]!;
      const sources = {
        ids: [
          [5, 17, 42, 8, 1],
          [9, 1],
          [33, 71, 20, 4, 60, 12, 1],
        ],
      };
      const memory = engine.memory().bytes;
      const results: Float32Array[][] = [];
      for (const on of [reference, engine]) {
        const model = await createSequenceToSequence(on, architecture, architecture.configure(config), source);
        const bound: LanguageModel = await model.encode(sources);
        const cache = bound.createCache({ rows: 3 });
        const rows = await feed(bound, cache, [[0, 4, 50], [0, 21], [0]]);
        cache.gather([2, 0, 0, 1]);
        rows.push(...(await feed(bound, cache, [[7], [8], [9], [10]])));
        results.push([...rows, ...(await model.encoderOutput(sources))]);
        cache.dispose();
        bound.dispose();
        model.dispose();
      }
      for (const [i, row] of results[1]!.entries())
        expect(errorOf([row], [results[0]![i]!]), `matrix ${i}`).toBeLessThan(1e-4);
      expect(engine.memory().bytes).toBe(memory);
    });
  });
}
