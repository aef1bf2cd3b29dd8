import {
  type Engine,
  type GenerateOptions,
  generateBatch,
  type LanguageModel,
  type MaskSampler,
  type Sampler,
} from '@tokenwright/core';
import { greedy, mirostat2, noRepeatNgram, normalize, repetitionPenalty } from '@tokenwright/samplers';
import { contrastiveSearch, promptLookup, speculative } from '@tokenwright/strategies';
import {
  huggingFaceBeamSearch,
  huggingFaceConstrainedBeamSearch,
  huggingFaceGroupBeamSearch,
} from '@tokenwright/strategies/compat';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { testEngine } from './engines.ts';
import { endTokensOf, type GoldenCase, goldenCases, goldenModel, promptsOf } from './goldens.ts';
import { describeShared } from './shared-data.ts';

describeShared('strategies give what Hugging Face gives', 'goldens/generate', (path) => {
  let engine: Engine;
  const models = new Map<string, LanguageModel>();
  beforeAll(async () => {
    engine = (await testEngine('cpu'))!;
    for (const name of ['gpt2-tiny', 'gpt2-tiny-draft', 'llama-tiny', 'llama-tiny-draft', 'llama-tiny-4l'])
      models.set(name, await goldenModel(engine, path, name));
  });
  afterAll(async () => {
    for (const model of models.values()) model.dispose();
    await engine.dispose();
  });

  describe.each(['gpt2-tiny', 'llama-tiny'])('%s', (name) => {
    describe.each(['4.47', '5'] as const)('beams as in Transformers %s', (release) => {
      it.each(
        goldenCases(path, name, 'beam', 'beam_eos', 'beam_batch', 'prefix_constrained').filter(
          ({ params }) => params.num_beams !== undefined,
        ),
      )('$id', async (golden) => {
        const { params } = golden;
        const strategy = huggingFaceBeamSearch({
          numBeams: params.num_beams as number,
          lengthPenalty: (params.length_penalty as number) ?? 1,
          earlyStopping: (params.early_stopping as boolean) ?? false,
          release,
        });
        await expectGolden(models.get(name)!, golden, { strategy }, release === '5');
      });
    });

    it.each(goldenCases(path, name, 'assisted'))('$id', async (golden) => {
      const { num_assistant_tokens, num_assistant_tokens_schedule } = golden.assistant_generation_config ?? {};
      const { prompt_lookup_num_tokens, max_matching_ngram_size } = golden.params as Record<string, number>;
      const strategy =
        golden.assistant === undefined
          ? speculative({
              draft: promptLookup({
                maxMatchingNgramSize: max_matching_ngram_size!,
                promptLookupNumTokens: prompt_lookup_num_tokens!,
              }),
            })
          : speculative({
              draft: models.get(golden.assistant)!,
              numAssistantTokens: num_assistant_tokens as number,
              numAssistantTokensSchedule: num_assistant_tokens_schedule as 'constant',
            });
      await expectGolden(models.get(name)!, golden, { strategy, samplers: [greedy()] });
    });

    it("accept: 'match' gives the tokens of plain sampling", async () => {
      const model = models.get(name)!;
      const prompts = [
        [5, 17, 42, 8],
        [60, 3],
        [14, 77, 9, 33, 22, 1, 50],
      ];
      const options: GenerateOptions = {
        samplers: [repetitionPenalty({ penalty: 1.2 }), mirostat2({ tau: 4 })],
        maxNewTokens: 24,
        seed: 12,
      };
      const draft = models.get(`${name}-draft`)!;
      const strategy = speculative({ draft, accept: 'match', numAssistantTokensSchedule: 'heuristic' });
      expect((await generateBatch(model, prompts, { ...options, strategy })).ids).toEqual(
        (await generateBatch(model, prompts, options)).ids,
      );
    });

    it.each(goldenCases(path, name, 'group_beam'))('$id', async (golden) => {
      const { params } = golden;
      const strategy = huggingFaceGroupBeamSearch({
        numBeams: params.num_beams as number,
        numBeamGroups: params.num_beam_groups as number,
        diversityPenalty: params.diversity_penalty as number,
        padTokenId: 0,
        lengthPenalty: (params.length_penalty as number) ?? 1,
      });
      await expectGolden(models.get(name)!, golden, { strategy });
    });

    // In a padded batch, Hugging Face includes the hidden states of the padding in the penalty.
    it.each(goldenCases(path, name, 'contrastive').filter(({ note }) => note === undefined))('$id', async (golden) => {
      const { penalty_alpha: penaltyAlpha, top_k: topK } = golden.params as { penalty_alpha: number; top_k: number };
      await expectGolden(models.get(name)!, golden, { strategy: contrastiveSearch({ penaltyAlpha, topK }) });
    });

    it.each(goldenCases(path, name, 'contrastive').filter(({ note }) => note !== undefined))(
      '$id, rows without padding',
      async (golden) => {
        const { penalty_alpha: penaltyAlpha, top_k: topK, max_new_tokens } = golden.params as Record<string, number>;
        const options = {
          strategy: contrastiveSearch({ penaltyAlpha: penaltyAlpha!, topK: topK! }),
          maxNewTokens: max_new_tokens!,
        };
        const { ids } = await generateBatch(models.get(name)!, promptsOf(golden), options);
        const row = golden.attention_mask!.findIndex((mask) => !mask.includes(0));
        expect(ids[row]).toEqual(golden.sequences[row]!.slice(golden.input_ids[0]!.length));
      },
    );

    it.each(goldenCases(path, name, 'constrained_beam'))('$id', async (golden) => {
      const { num_beams, force_words_ids } = golden.params as {
        num_beams: number;
        force_words_ids: (number | number[])[][];
      };
      const constraints = force_words_ids.map((words) =>
        typeof words[0] === 'number' ? { phrase: words as number[] } : { anyOf: words as number[][] },
      );
      const strategy = huggingFaceConstrainedBeamSearch({
        numBeams: num_beams,
        constraints,
      });
      await expectGolden(models.get(name)!, golden, { strategy });
    });
  });
});

async function expectGolden(
  model: LanguageModel,
  golden: GoldenCase,
  options: GenerateOptions,
  newer = false,
): Promise<void> {
  const { params, input_ids } = golden;
  const eosTokenIds = endTokensOf(golden);
  const result = await generateBatch(model, promptsOf(golden), {
    samplers: samplersOf(golden),
    numReturnSequences: (params.num_return_sequences as number) ?? 1,
    maxNewTokens: params.max_new_tokens as number,
    minNewTokens: (params.min_new_tokens as number) ?? 0,
    eosTokenIds: eosTokenIds,
    logprobs: true,
    ...(params.use_cache === false ? { cache: 'none' } : {}),
    ...options,
  });
  const sequences = (newer && golden.v5_sequences) || golden.sequences;
  const scores = (newer && golden.v5_sequences_scores) || golden.sequences_scores;
  for (const [i, ids] of result.ids.entries()) {
    const expected = sequences[i]!.slice(input_ids[0]!.length);
    expect(ids, `sequence ${i}`).toEqual(expected.slice(0, ids.length));
    expect(expected.slice(ids.length), `what follows sequence ${i} is padding`).toEqual(
      expected.slice(ids.length).fill(0),
    );
  }
  expect(result.ids.length).toBe(sequences.length);
  for (const [i, { score }] of result.sequences.entries())
    if (scores !== undefined)
      expect(Math.abs(score! - scores[i]!), `score ${i}: ${score}`).toBeLessThan(
        Math.max(1e-4, 1e-6 * Math.abs(scores[i]!)),
      );
}

function samplersOf({ params, ...golden }: GoldenCase): Sampler[] {
  const samplers: Sampler[] = [];
  if (params.repetition_penalty !== undefined)
    samplers.push(repetitionPenalty({ penalty: params.repetition_penalty as number }));
  if (params.no_repeat_ngram_size !== undefined)
    samplers.push(noRepeatNgram({ size: params.no_repeat_ngram_size as number }));
  if (golden.kind === 'prefix_constrained') samplers.push(allowedAfterLast);
  if (params.renormalize_logits === true) samplers.push(normalize());
  return samplers;
}

/** The function that the golden cases describe as `{(7 * last + j) mod 96 : j in (1, 5, 11, 40)}`. */
const allowedAfterLast: MaskSampler = {
  name: 'allowed-after-last',
  mask({ history, vocabSize }) {
    const bits = new Uint32Array(Math.ceil(vocabSize / 32));
    for (const j of [1, 5, 11, 40]) {
      const id = (7 * history.at(-1)! + j) % 96;
      bits[id >>> 5]! |= 1 << (id & 31);
    }
    return bits;
  },
};
