import { readFileSync } from 'node:fs';
import '@tensorflow/tfjs-backend-cpu';
import { type Engine, LoadError, UnknownOptionError, UnsupportedError } from '@tokenwright/core';
import { bart } from '@tokenwright/core/architectures';
import { referenceEngine } from '@tokenwright/core/reference';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { readDefaults } from './generation-config.ts';
import { load, loadSequenceToSequence, loadSequenceToSequenceModel } from './load.ts';
import { files, folder } from './sources/model-source.ts';

let engine: Engine;
beforeAll(async () => {
  engine = await referenceEngine({ backend: 'cpu' });
});
afterAll(() => engine.dispose());

const demo = (name: string): URL => new URL(`../../demo-model/models/${name}`, import.meta.url);

describe('loadSequenceToSequence', () => {
  it('loads a translator with its tokenizer and what its outputs start and end with', async () => {
    const before = engine.memory();
    const { sequenceToSequence, tokenizer, config, generationConfig, dispose } = await loadSequenceToSequence(
      folder(demo('translate')),
      { engine, name: 'translator' },
    );
    expect(sequenceToSequence).toMatchObject({
      name: 'translator',
      vocabSize: 768,
      contextLength: 64,
      sourceLength: 64,
    });
    expect(sequenceToSequence.defaults).toEqual({ eosTokenIds: [2], decoderStartTokenIds: [2], maxLength: 64 });
    expect([config.model_type, generationConfig.num_beams]).toEqual(['bart', 4]);
    const model = await sequenceToSequence.encode({ ids: tokenizer.encode('Der Hund läuft.') });
    const cache = model.createCache();
    const { logits, dispose: release } = model.forward([[2]], cache);
    const row = await logits.read();
    expect(tokenizer.decode([row.indexOf(Math.max(...row))]).trim()).toBe('The');
    release();
    cache.dispose();
    model.dispose();
    dispose();
    expect(engine.memory()).toEqual(before);
  });

  it('and load each name the other for the wrong kind of model', async () => {
    await expect(load(folder(demo('translate')), { engine })).rejects.toThrow(UnsupportedError);
    await expect(load(folder(demo('translate')), { engine })).rejects.toThrow(/'bart'.*loadSequenceToSequence does/);
    await expect(loadSequenceToSequence(folder(demo('story-amateur')), { engine })).rejects.toThrow(
      /loadSequenceToSequence does not support 'gpt2', a family without an encoder\. load does/,
    );
  });

  it('takes a family of the caller, and checks options and files as load does', async () => {
    const own = { ...bart, name: 'mine' };
    const path = demo('translate');
    const bytes = (name: string): Uint8Array => new Uint8Array(readFileSync(new URL(`${path.href}/${name}`)));
    const config = { ...(JSON.parse(new TextDecoder().decode(bytes('config.json'))) as object), model_type: 'mine' };
    const source = files({
      'config.json': new TextEncoder().encode(JSON.stringify(config)),
      'model.safetensors': bytes('model.safetensors'),
    });
    const loaded = await loadSequenceToSequenceModel(source, { engine, architectures: [own] });
    expect(loaded.sequenceToSequence.vocabSize).toBe(768);
    loaded.dispose();
    await expect(loadSequenceToSequence(source, { engine, architectures: [own] })).rejects.toThrow(
      /there is no tokenizer.*loadSequenceToSequenceModel loads models without one/,
    );
    await expect(loadSequenceToSequence(source, { engine })).rejects.toThrow(
      /'mine' is not known; known: .*t5, bart, marian/,
    );
    await expect(loadSequenceToSequence(source, { engine, nmae: 'x' } as never)).rejects.toThrow(UnknownOptionError);
    await expect(loadSequenceToSequence(files({}), { engine })).rejects.toThrow(LoadError);
  });

  it('refuses a tokenizer.json beside which there are two vocabularies', async () => {
    const path = demo('translate');
    const bytes = (name: string): Uint8Array => new Uint8Array(readFileSync(new URL(`${path.href}/${name}`)));
    const names = ['config.json', 'model.safetensors', 'tokenizer.json'];
    const shared = Object.fromEntries(names.map((name) => [name, bytes(name)]));
    const json = (value: object): Uint8Array => new TextEncoder().encode(JSON.stringify(value));
    const problem = 'the source and the target have vocabularies of their own';
    for (const [more, message] of [
      [{ 'tokenizer_config.json': json({ separate_vocabs: true }) }, problem],
      [{ 'target_vocab.json': json({ a: 0 }) }, problem],
      [{ 'vocab-tgt.json': json({ a: 0 }) }, 'vocab-tgt.json is part of an FSMT tokenizer, which is not read'],
    ] as const) {
      const source = files({ ...shared, ...more });
      const loading = loadSequenceToSequence(source, { engine });
      await expect(loading).rejects.toThrow(LoadError);
      await expect(loading).rejects.toThrow(message);
      (await loadSequenceToSequenceModel(source, { engine })).dispose();
    }
  });
});

describe('readDefaults', () => {
  it('reads the tokens that are forced at the begin and the end', () => {
    expect(readDefaults({ forced_bos_token_id: 5 }, { forced_eos_token_id: [2] }, 10)).toEqual({
      forcedBosTokenId: 5,
      forcedEosTokenId: 2,
    });
    expect(readDefaults({ forced_bos_token_id: 10, forced_eos_token_id: null }, {}, 10)).toEqual({});
    expect(() => readDefaults({ forced_eos_token_id: [1, 2] }, {}, 10)).toThrow(
      /forced_eos_token_id: must be one token id/,
    );
    expect(() => readDefaults({ forced_bos_token_id: '5' }, {}, 10)).toThrow(LoadError);
  });
});
