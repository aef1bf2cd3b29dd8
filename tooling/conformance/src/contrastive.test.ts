import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { classifierFreeGuidance, combine, contrastiveLogits, dola, type Rule } from '@tokenwright/contrastive';
import { type Engine, type GenerateOptions, generateBatch, type LanguageModel } from '@tokenwright/core';
import { toyModel } from '@tokenwright/core/testing';
import { greedy, repetitionPenalty } from '@tokenwright/samplers';
import { beamSearch, contrastiveSearch, earlyExit, speculative } from '@tokenwright/strategies';
import { afterAll, beforeAll, describe, expect, it, test } from 'vitest';
import { testEngine } from './engines.ts';
import { goldenCases, goldenModel, promptsOf } from './goldens.ts';
import { describeShared } from './shared-data.ts';

describeShared('combined distributions agree with other systems', 'goldens', (path) => {
  const generated = join(path, 'generate');
  let engine: Engine;
  const models = new Map<string, LanguageModel>();
  beforeAll(async () => {
    engine = (await testEngine('cpu'))!;
    for (const name of ['gpt2-tiny', 'gpt2-tiny-draft', 'llama-tiny', 'llama-tiny-draft', 'llama-tiny-4l'])
      models.set(name, await goldenModel(engine, generated, name));
  });
  afterAll(async () => {
    for (const model of models.values()) model.dispose();
    await engine.dispose();
  });

  describe('x-transformers: contrastive_decode_fn', () => {
    const { pairs, cases } = json<FunctionGoldens>(join(path, 'xtransformers', 'contrastive_decode_fn.json'));
    it.each(cases)('$id', ({ params, pair_ref, output }) => {
      const { expert, amateur } = pairs[pair_ref]!;
      const rule = contrastiveLogits(params);
      for (const [row, expected] of output.entries()) {
        const scores = rule.combine(floats(expert[row]!), [{ logits: floats(amateur[row]!), weight: 1 }]);
        for (const [id, score] of floats(expected).entries())
          if (score === -Infinity) expect(scores[id]).toBe(-Infinity);
          else expect(Math.abs(scores[id]! - score)).toBeLessThan(2e-6 + 1e-6 * Math.abs(score) + 2 ** -22 * 16);
      }
    });
  });

  describe('x-transformers: greedy contrastive decoding from end to end', () => {
    const { cases } = json<{ cases: EndToEnd[] }>(join(path, 'xtransformers', 'contrastive_decode_e2e.json'));
    it.each(cases)('$id', async ({ expert, amateur, prompt, params, sequence, first_step_scores }) => {
      const { alpha, beta, max_new_tokens } = params;
      const model = combine({
        expert: models.get(expert.replace('generate/', ''))!,
        others: [{ model: models.get(amateur.replace('generate/', ''))! }],
        rule: contrastiveLogits({ alpha, beta }),
      });
      expect(await greedily(model, [prompt], { maxNewTokens: max_new_tokens })).toEqual([
        sequence.slice(prompt.length),
      ]);
      const cache = model.createCache();
      const result = model.forward([prompt], cache);
      const scores = await result.logits.read();
      for (const [id, score] of floats(first_step_scores[0]!).entries())
        if (score === -Infinity) expect(scores[id]).toBe(-Infinity);
        else expect(Math.abs(scores[id]! - score)).toBeLessThan(1e-4);
      result.dispose();
      cache.dispose();
    });
  });

  describe.each(['gpt2-tiny', 'llama-tiny'])('Hugging Face: guidance on %s', (name) => {
    it.each(goldenCases(generated, name, 'cfg'))('$id', async (golden) => {
      const { guidance_scale, max_new_tokens, negative_prompt_ids } = golden.params as {
        guidance_scale: number;
        max_new_tokens: number;
        negative_prompt_ids?: number[][];
      };
      const model = combine({
        expert: models.get(name)!,
        others: [{ prompt: negative_prompt_ids ?? 'last-token' }],
        rule: classifierFreeGuidance({ guidanceScale: guidance_scale }),
      });
      expect(await greedily(model, promptsOf(golden), { maxNewTokens: max_new_tokens })).toEqual(
        golden.sequences.map((ids) => ids.slice(golden.input_ids[0]!.length)),
      );
    });
  });

  it.each([
    ['beam search', beamSearch({ numBeams: 3 })],
    ['contrastive search', contrastiveSearch()],
    ['speculative decoding by the expert itself', speculative({ draft: earlyExit({ layer: 1 }), accept: 'match' })],
  ])(
    'beta 0 and alpha 0 under %s gives the tokens of the expert, and leaves nothing on the engine',
    async (_, strategy) => {
      const [expert, amateur] = [models.get('gpt2-tiny')!, models.get('gpt2-tiny-draft')!];
      const model = combine({ expert, others: [{ model: amateur }], rule: contrastiveLogits({ beta: 0, alpha: 0 }) });
      const before = engine.memory();
      const options: GenerateOptions = { strategy, samplers: [], maxNewTokens: 12, seed: 2 };
      const prompts = [
        [5, 17, 42, 8],
        [60, 3],
      ];
      expect((await generateBatch(model, prompts, options)).ids).toEqual(
        (await generateBatch(expert, prompts, options)).ids,
      );
      expect(engine.memory()).toEqual(before);
    },
  );

  describe('Hugging Face: DoLa', () => {
    it.each(goldenCases(generated, 'llama-tiny-4l', 'dola'))('$id', async (golden) => {
      const { dola_layers, max_new_tokens, repetition_penalty } = golden.params as {
        dola_layers: 'low' | 'high' | number[];
        max_new_tokens: number;
        repetition_penalty?: number;
      };
      const model = combine({ expert: models.get('llama-tiny-4l')!, rule: dola({ dolaLayers: dola_layers }) });
      const samplers = repetition_penalty === undefined ? [] : [repetitionPenalty({ penalty: repetition_penalty })];
      expect(await greedily(model, promptsOf(golden), { maxNewTokens: max_new_tokens, samplers })).toEqual(
        golden.sequences.map((ids) => ids.slice(golden.input_ids[0]!.length)),
      );
    });
  });
});

interface FunctionGoldens {
  readonly pairs: Readonly<Record<string, { readonly expert: Float[][]; readonly amateur: Float[][] }>>;
  readonly cases: readonly {
    readonly id: string;
    readonly params: { readonly alpha: number; readonly beta: number };
    readonly pair_ref: string;
    readonly output: Float[][];
  }[];
}

/** A float, or the name of one that JSON lacks. */
type Float = number | string;

interface EndToEnd {
  readonly id: string;
  readonly expert: string;
  readonly amateur: string;
  readonly prompt: number[];
  readonly params: { readonly alpha: number; readonly beta: number; readonly max_new_tokens: number };
  readonly sequence: readonly number[];
  readonly first_step_scores: Float[][];
}

function json<T>(path: string): T {
  return JSON.parse(readFileSync(path, 'utf8')) as T;
}

function floats(values: readonly Float[]): Float32Array {
  return Float32Array.from(values, (value) => Number(value));
}

async function greedily(
  model: LanguageModel,
  prompts: readonly number[][],
  { samplers = [], ...options }: GenerateOptions,
): Promise<readonly (readonly number[])[]> {
  const result = await generateBatch(model, prompts, {
    eosTokenIds: [],
    samplers: [...samplers, greedy()],
    ...options,
  });
  return result.ids;
}

describe('constraints of the call apply before the rule', () => {
  // The rule keeps only token 6, and the call forbids it before three other tokens.
  const expert = toyModel({ vocabSize: 8, seed: 5 });
  const only: Rule = {
    ...contrastiveLogits(),
    combine: (own) => own.map((logit, id) => (id === 6 ? logit : -Infinity)),
  };
  const model = combine({ expert, others: [{ model: toyModel({ vocabSize: 8, seed: 6 }) }], rule: only });

  test.each([
    ['beams', beamSearch({ numBeams: 2 })],
    ['speculation', speculative({ draft: expert })],
    ['contrastive search', contrastiveSearch()],
  ])('under %s', async (_, strategy) => {
    const options = { strategy, samplers: [], minNewTokens: 3, maxNewTokens: 6, eosTokenIds: [6], seed: 1 };
    const { ids } = await generateBatch(model, [[1, 2]], options);
    expect(ids[0]!.indexOf(6)).toBe(3);
  });
});
