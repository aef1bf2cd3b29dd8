import { readFileSync } from 'node:fs';
import { gunzipSync } from 'node:zlib';
import { UnsupportedError } from '@tokenwright/core';
import { files } from '@tokenwright/loaders';
import { encoderRepetitionPenalty } from '@tokenwright/samplers';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type LocalModel, languageModel } from './index.ts';

/** A part of what transformers makes of two small Marian models, by packages/loaders/scripts/record-marian.py. */
interface Recorded {
  readonly by: string;
  readonly forced: string;
  readonly models: readonly {
    readonly name: string;
    readonly files: Readonly<Record<string, object | string>>;
    readonly texts: readonly (readonly [text: string, source: readonly number[], target: readonly number[]])[];
    readonly runs: readonly {
      readonly source: string;
      readonly greedy: readonly number[];
      readonly greedyText: string;
      readonly beams: readonly number[];
      readonly beamsText: string;
      readonly logprobs: readonly number[];
    }[];
  }[];
}

const path = new URL('../../loaders/src/testing/recorded/marian.json.gz', import.meta.url);
const recorded = JSON.parse(gunzipSync(readFileSync(path)).toString()) as Recorded;
const [separate, shared] = recorded.models;
const engines = ['tfjs-cpu', 'fused-wasm'] as const;

function open(model: Recorded['models'][number], engine: (typeof engines)[number]): Promise<LocalModel> {
  const contents = Object.entries(model.files).map(([name, content]): [string, Uint8Array] => [
    name,
    new Uint8Array(
      Buffer.from(
        typeof content === 'string' ? content : JSON.stringify(content),
        typeof content === 'string' ? 'base64' : 'utf8',
      ),
    ),
  ]);
  return languageModel(files(Object.fromEntries(contents)), {
    engine,
    ...(engine === 'fused-wasm' ? { threads: 1, weights: 'f32' as const } : {}),
  });
}

describe.each(engines.flatMap((engine) => recorded.models.map((model) => [engine, model.name, model] as const)))(
  `on %s, as ${recorded.by}: %s`,
  (engine, _, model) => {
    let lm: LocalModel;
    beforeAll(async () => {
      lm = await open(model, engine);
    });
    afterAll(() => lm.dispose());

    it('encodes sources by the tokenizer of sources, and decodes by that of outputs', async () => {
      for (const { source, greedy, greedyText, beams, beamsText } of model.runs) {
        const { text, ids } = await lm.generate(source, { maxNewTokens: 14, numBeams: 1 });
        expect([ids, text.trim()]).toEqual([greedy.slice(1), greedyText]);
        const best = await lm.generate(source, { maxNewTokens: 14, numBeams: 3 });
        expect([best.ids, best.text.trim()]).toEqual([beams.slice(1), beamsText]);
      }
      const batch = await lm.generateBatch(
        model.runs.map(({ source }) => source),
        { maxNewTokens: 14, numBeams: 1 },
      );
      expect(batch.map(({ ids }) => ids)).toEqual(model.runs.map(({ greedy }) => greedy.slice(1)));
    });

    it('scores a text by the tokenizer of outputs, after a source', async () => {
      for (const { source, logprobs } of model.runs) {
        const { tokens } = await lm.score(recorded.forced, { source });
        expect(tokens).toHaveLength(logprobs.length);
        for (const [i, { logprob }] of tokens.entries()) expect(logprob).toBeCloseTo(logprobs[i]!, 3);
        const text = tokens.map((token) => lm.tokenizer.idToToken(token.id)).join('');
        expect(text).toBe('▁The▁dog▁runs▁in▁the▁garden.</s>');
      }
    });

    it('has both tokenizers', () => {
      expect(lm.sourceTokenizer).not.toBe(lm.tokenizer);
      for (const [text, source, target] of model.texts)
        expect([lm.sourceTokenizer.encode(text), lm.tokenizer.encode(text)]).toEqual([source, target]);
    });
  },
);

describe('a model with two vocabularies', () => {
  let lm: LocalModel;
  beforeAll(async () => {
    lm = await open(separate!, 'fused-wasm');
  });
  afterAll(() => lm.dispose());

  it('checks ids of sources against their own vocabulary', async () => {
    const { sourceVocabSize, vocabSize } = lm.sequenceToSequence;
    expect([sourceVocabSize, vocabSize, lm.info.vocabSize]).toEqual([84, 70, 70]);
    expect((await lm.generate([83], { maxNewTokens: 1 })).ids).toHaveLength(1);
    await expect(lm.generate([84], { maxNewTokens: 1 })).rejects.toThrow(
      /an id of the source vocabulary, from 0 to 83, but 84/,
    );
    await expect(lm.score([70], { source: 'Der Hund' })).rejects.toThrow(/from 0 to 69, but 70/);
  });

  it('refuses what reads the source as ids of the output, as an option, as a sampler, and as a score', async () => {
    const refused =
      /does not support the sampler 'encoder-(repetition-penalty|no-repeat-ngram)', which reads the source/;
    const calls = [{ encoderRepetitionPenalty: 1.2 }, { encoderNoRepeatNgramSize: 2 }] as const;
    for (const options of calls) {
      await expect(lm.generate('Der Hund', options)).rejects.toThrow(UnsupportedError);
      await expect(lm.generate('Der Hund', options)).rejects.toThrow(refused);
      await expect(lm.generate('Der Hund', { ...options, numBeams: 2 })).rejects.toThrow(refused);
      await expect(lm.generateBatch(['Der Hund'], options)).rejects.toThrow(refused);
    }
    const samplers = [encoderRepetitionPenalty({ penalty: 1.2 })];
    await expect(lm.score('The dog', { source: 'Der Hund', samplers })).rejects.toThrow(refused);
    const off = { maxNewTokens: 2, encoderRepetitionPenalty: 1, encoderNoRepeatNgramSize: 0 };
    expect((await lm.generate('Der Hund', off)).ids).toHaveLength(2);
  });
});

describe('sourceTokenizer', () => {
  it('reads the source where there is one vocabulary', async () => {
    const lm = await open(shared!, 'fused-wasm');
    const { ids } = await lm.generate('Der Hund', { maxNewTokens: 3, encoderRepetitionPenalty: 1.2 });
    expect(ids).toHaveLength(3);
    await lm.dispose();
  });

  it('is the tokenizer of a model with one, and absent without an encoder', async () => {
    const translator = await languageModel('translate', { threads: 1 });
    expect(translator.sourceTokenizer).toBe(translator.tokenizer);
    await translator.dispose();
    const story = await languageModel('story-amateur', { threads: 1 });
    expect(() => story.sourceTokenizer).toThrow(/It has no encoder: `tokenizer` encodes prompts/);
    await story.dispose();
  });
});
