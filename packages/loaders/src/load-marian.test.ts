import '@tensorflow/tfjs-backend-cpu';
import { type Engine, generate, LoadError, ParameterError, score, UnsupportedError } from '@tokenwright/core';
import { marian } from '@tokenwright/core/architectures';
import { referenceEngine } from '@tokenwright/core/reference';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { convertModel } from './convert/convert.ts';
import { memorySink } from './convert/sink.ts';
import { inspectModel } from './inspect.ts';
import { load, loadSequenceToSequence, loadSequenceToSequenceModel } from './load.ts';
import { files } from './sources/model-source.ts';
import { marianFolder, recordedMarian } from './testing/recorded/marian.ts';
import { loadTokenizer } from './tokenizer/open-tokenizer.ts';

let engine: Engine;
beforeAll(async () => {
  engine = await referenceEngine({ backend: 'cpu' });
});
afterAll(() => engine.dispose());

const [separate, shared] = recordedMarian.models;

describe.each(recordedMarian.models)(`loadSequenceToSequence, as ${recordedMarian.by}: $name`, (recorded) => {
  it('gives the ids, logits, texts and log-probabilities', async () => {
    const loaded = await loadSequenceToSequence(marianFolder(recorded), { engine });
    const { sequenceToSequence, tokenizer, sourceTokenizer } = loaded;
    expect(sourceTokenizer).not.toBe(tokenizer);
    const { vocabSize, sourceVocabSize } = sequenceToSequence;
    expect([sourceTokenizer.vocabSize, tokenizer.vocabSize]).toEqual([sourceVocabSize, vocabSize]);
    expect(sequenceToSequence.separateVocabularies).toBe(recorded === separate);
    expect(recorded.runs).toHaveLength(3);
    for (const run of recorded.runs) {
      const model = await sequenceToSequence.encode({ ids: sourceTokenizer.encode(run.source) });
      const { ids } = await generate(model, [], { maxNewTokens: 14 });
      expect(ids[0]).toEqual(run.greedy.slice(1));
      expect(tokenizer.decode(ids[0]!).trim()).toBe(run.greedyText);
      const fed = run.greedy.slice(0, -1);
      const cache = model.createCache();
      const result = model.forward([fed], cache, { scored: fed.length });
      const logits = await result.logits.read();
      expectClose(logits.subarray(0, vocabSize), run.firstLogits);
      expectClose(logits.subarray(-vocabSize), run.lastLogits);
      result.dispose();
      const forced = tokenizer.encode(recordedMarian.forced);
      const { tokens } = await score(model, [run.greedy[0]!, ...forced]);
      expectClose(
        tokens.map(({ logprob }) => logprob),
        run.logprobs,
      );
      model.dispose();
    }
    loaded.dispose();
  });
});

describe('loadSequenceToSequence of a model with two vocabularies', () => {
  it('says which ids belong to which vocabulary, and loads nothing with the wrong tokenizers', async () => {
    const before = engine.memory();
    const owner = 'loadSequenceToSequence';
    const onlyJson = marianFolder(separate, { 'source.spm': undefined });
    await expect(loadSequenceToSequence(onlyJson, { engine })).rejects.toThrow(/source\.spm and target\.spm together/);
    const tokenizer = await loadTokenizer(marianFolder(separate));
    const sourceTokenizer = await loadTokenizer(marianFolder(separate), { side: 'source' });
    const refused = loadSequenceToSequence(onlyJson, { engine, tokenizer });
    await expect(refused).rejects.toThrow(/separate_vocabs|have vocabularies of their own/);
    const given = loadSequenceToSequence(marianFolder(separate), { engine, tokenizer });
    await expect(given).rejects.toThrow(ParameterError);
    await expect(given).rejects.toThrow(
      `${owner}: sourceTokenizer must be given together with tokenizer, since the sources of this model have a vocabulary of their own`,
    );
    const { dispose, ...both } = await loadSequenceToSequence(marianFolder(separate), {
      engine,
      tokenizer,
      sourceTokenizer,
    });
    expect(both.tokenizer).toBe(tokenizer);
    expect(both.sourceTokenizer).toBe(sourceTokenizer);
    dispose();
    expect(engine.memory()).toEqual(before);
  });

  it('refuses weights and tokenizers that disagree', async () => {
    const changed = { ...(shared.files['tokenizer_config.json'] as object), separate_vocabs: true };
    const twoForOne = marianFolder(shared, {
      'tokenizer_config.json': changed,
      'target_vocab.json': shared.files['vocab.json'] as Record<string, unknown>,
    });
    await expect(loadSequenceToSequence(twoForOne, { engine })).rejects.toThrow(
      /separate_vocabs.*the model of config\.json has one vocabulary for both sides/,
    );
    const json = { version: '1.0', model: { type: 'WordLevel', vocab: { a: 0, '<unk>': 1 }, unk_token: '<unk>' } };
    const oneForTwo = marianFolder(separate, {
      'tokenizer.json': json,
      'tokenizer_config.json': {},
      'target_vocab.json': undefined,
      'target.spm': undefined,
    });
    await expect(loadSequenceToSequence(oneForTwo, { engine })).rejects.toThrow(LoadError);
    await expect(loadSequenceToSequence(oneForTwo, { engine })).rejects.toThrow(
      'the sources have a vocabulary of their own, but there is one tokenizer for both sides; give the one of the sources',
    );
    const bare = await loadSequenceToSequenceModel(oneForTwo, { engine });
    expect(bare.sequenceToSequence.sourceVocabSize).toBe(marian.sourceVocabSize!(marian.configure(bare.config)));
    bare.dispose();
  });

  it('keeps sourceTokenizer for models with an encoder', async () => {
    const sourceTokenizer = await loadTokenizer(marianFolder(shared), { side: 'source' });
    await expect(load(marianFolder(shared), { engine, sourceTokenizer })).rejects.toThrow(
      /load: sourceTokenizer must be undefined, since a model without an encoder has no sources/,
    );
    await expect(loadSequenceToSequenceModel(marianFolder(shared), { engine, sourceTokenizer })).rejects.toThrow(
      ParameterError,
    );
    await expect(load(marianFolder(shared), { engine })).rejects.toThrow(UnsupportedError);
    await expect(
      loadSequenceToSequence(marianFolder(shared), { engine, sourceTokenizer: {} as never }),
    ).rejects.toThrow(/sourceTokenizer must be a tokenizer/);
  });
});

describe('convertModel', () => {
  it.each([separate, shared])('writes both tokenizers and both tables: $name', async (recorded) => {
    const sink = memorySink();
    await convertModel(marianFolder(recorded), sink, { format: 'f32' });
    expect([...sink.contents.keys()]).toContain('source_tokenizer.json');
    const converted = files(sink.contents, 'converted');
    const { sequenceToSequence, sourceTokenizer, tokenizer, dispose } = await loadSequenceToSequence(converted, {
      engine,
    });
    for (const [text, ofSource, ofTarget] of recorded.texts)
      expect([sourceTokenizer.encode(text), tokenizer.encode(text)]).toEqual([ofSource, ofTarget]);
    const [run] = recorded.runs;
    const model = await sequenceToSequence.encode({ ids: sourceTokenizer.encode(run!.source) });
    expect((await generate(model, [], { maxNewTokens: 14 })).ids[0]).toEqual(run!.greedy.slice(1));
    model.dispose();
    dispose();
  });
});

describe('inspectModel', () => {
  it.each([
    [separate, 83, 69],
    [shared, 120, 120],
  ])('lists both tokenizers: $0.name', async (recorded, lastSource, lastTarget) => {
    const { tokenizer, sourceTokenizer, choices } = await inspectModel(marianFolder(recorded));
    expect(tokenizer).toEqual({ kind: 'target.spm', model: 'Unigram', vocabSize: lastTarget + 1, specialTokens: 3 });
    expect(sourceTokenizer).toEqual({
      kind: 'source.spm',
      model: 'Unigram',
      vocabSize: lastSource + 1,
      specialTokens: 3,
    });
    expect(choices.find(({ part }) => part === 'source tokenizer')?.choice).toBe('source.spm');
    const without = await inspectModel(marianFolder(recorded), { tokenizer: false });
    expect([without.tokenizer, without.sourceTokenizer]).toEqual([undefined, undefined]);
  });
});

function expectClose(received: ArrayLike<number>, expected: readonly number[]): void {
  expect(received.length).toBe(expected.length);
  expect(Math.max(...expected.map((value, i) => Math.abs(value - received[i]!)))).toBeLessThan(1e-4);
}
