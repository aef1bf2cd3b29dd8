import { LoadError, ParameterError } from '@tokenwright/core';
import { describe, expect, it } from 'vitest';
import { bytesOf, marianFolder, recordedMarian } from '../testing/recorded/marian.ts';
import { loadTokenizer } from './open-tokenizer.ts';
import { readSentencePiece } from './sentencepiece.ts';

const [separate, shared] = recordedMarian.models;

describe.each(recordedMarian.models)(`as ${recordedMarian.by}: $name`, (recorded) => {
  it('encodes sources with source.spm, and outputs with target.spm', async () => {
    const source = await loadTokenizer(marianFolder(recorded), { side: 'source' });
    const target = await loadTokenizer(marianFolder(recorded));
    let different = 0;
    for (const [text, ofSource, ofTarget, decoded] of recorded.texts) {
      expect(source.encode(text), `source ${JSON.stringify(text)}`).toEqual(ofSource);
      expect(target.encode(text), `target ${JSON.stringify(text)}`).toEqual(ofTarget);
      // transformers strips the text, which cannot be done to a stream.
      expect(target.decode(ofTarget).trim(), `decoded ${JSON.stringify(text)}`).toBe(decoded);
      if (ofSource.join() !== ofTarget.join()) different++;
    }
    expect(different).toBeGreaterThan(15);
  });

  it('knows the tokens of its side', async () => {
    const { 'vocab.json': vocabulary, 'target_vocab.json': targetVocabulary } = recorded.files;
    const source = await loadTokenizer(marianFolder(recorded), { side: 'source' });
    const target = await loadTokenizer(marianFolder(recorded), { side: 'target' });
    for (const [tokenizer, ids] of [
      [source, vocabulary],
      [target, targetVocabulary ?? vocabulary],
    ] as const) {
      const entries = Object.entries(ids as Record<string, number>);
      expect(tokenizer.vocabSize).toBe(entries.length);
      for (const [token, id] of entries)
        expect([tokenizer.tokenToId(token), tokenizer.idToToken(id)]).toEqual([id, token]);
      expect(tokenizer.specialIds).toEqual([0, 1, entries.length - 1]);
    }
  });

  it('takes special tokens for text on request', async () => {
    const target = await loadTokenizer(marianFolder(recorded));
    const literal = target.encode('a</s>', { addSpecialTokens: false, splitSpecialTokens: true });
    expect(literal).not.toContain(0);
    expect(target.encode('a</s>', { addSpecialTokens: false }).at(-1)).toBe(0);
  });
});

describe('the files of a Marian tokenizer', () => {
  const other = { 'tokenizer.json': { version: '1.0' } };

  it('go before tokenizer.json, as in transformers, and are all needed', async () => {
    const ids = (await loadTokenizer(marianFolder(shared, other))).encode('The dog');
    expect(ids).toEqual((await loadTokenizer(marianFolder(shared))).encode('The dog'));
    await expect(loadTokenizer(marianFolder(shared, { ...other, 'target.spm': undefined }))).rejects.toThrow(
      /tokenizer\.json/,
    );
    await expect(loadTokenizer(marianFolder(shared, { 'target.spm': undefined }))).rejects.toThrow(
      'there is source.spm, but a Marian tokenizer also needs target.spm; or a tokenizer.json in their place',
    );
    await expect(loadTokenizer(marianFolder(shared, { 'vocab.json': undefined }))).rejects.toThrow(
      /also needs vocab\.json/,
    );
  });

  it('give one tokenizer for both sides when the two SentencePiece models are one', async () => {
    const folder = marianFolder(shared, { 'target.spm': bytesOf(shared.files['source.spm']!) });
    const [source, target] = [await loadTokenizer(folder, { side: 'source' }), await loadTokenizer(folder)];
    expect(target.encode('Der Hund')).toEqual(source.encode('Der Hund'));
    expect(source.encode('Der Hund')).toEqual(
      (await loadTokenizer(marianFolder(shared), { side: 'source' })).encode('Der Hund'),
    );
  });

  it('are refused where they contradict each other, or use what is not read', async () => {
    const refused = async (changes: Parameters<typeof marianFolder>[1], recorded = separate): Promise<string> => {
      const error = await loadTokenizer(marianFolder(recorded, changes)).catch((reason: unknown) => reason);
      expect(error).toBeInstanceOf(LoadError);
      return (error as LoadError).message;
    };
    expect(await refused({ 'target_vocab.json': undefined })).toContain('there is no target_vocab.json');
    expect(await refused({ 'vocab.json': { '</s>': 0, a: 1 } })).toContain("lacks the token '<unk>'");
    expect(await refused({ 'vocab.json': { '</s>': 0, '<unk>': -1 } })).toContain("the id of '<unk>' is -1");
    expect(
      await refused({ 'tokenizer_config.json': { sp_model_kwargs: { enable_sampling: true } } }, shared),
    ).toContain('sp_model_kwargs');
    const pieces = bytesOf(separate.files['target.spm']!);
    expect(await refused({ 'target.spm': pieces.subarray(0, pieces.length - 5) })).toContain(
      'not a SentencePiece model',
    );
    expect(await refused({ 'target.spm': new Uint8Array() })).toContain('has no pieces');
    for (const [field, value, problem] of [
      [3, 2, 'is a bpe model'],
      [35, 1, 'byte_fallback'],
      [24, 1, 'treat_whitespace_as_suffix'],
    ] as const)
      expect(await refused({ 'target.spm': withTrainerField(pieces, field, value) })).toContain(problem);
    await expect(loadTokenizer(marianFolder(separate), { side: 'both' as never })).rejects.toThrow(ParameterError);
  });

  it('name FSMT, whose tokenizer is another', async () => {
    const fsmt = marianFolder(shared, {
      'source.spm': undefined,
      'target.spm': undefined,
      'vocab.json': undefined,
      'vocab-tgt.json': {},
    });
    await expect(loadTokenizer(fsmt)).rejects.toThrow('vocab-tgt.json is part of an FSMT tokenizer, which is not read');
  });
});

describe('readSentencePiece', () => {
  it('reads pieces, scores and the normalizer', () => {
    const read = readSentencePiece(bytesOf(separate.files['source.spm']!), 'source.spm');
    expect(read).toMatchObject({
      algorithm: 'unigram',
      byteFallback: false,
      spacesAsSuffix: false,
      addDummyPrefix: true,
      removeExtraWhitespaces: true,
      escapeWhitespaces: true,
    });
    expect(read.pieces.slice(0, 3).map(({ text, kind }) => [text, kind])).toEqual([
      ['<unk>', 'unknown'],
      ['<s>', 'control'],
      ['</s>', 'control'],
    ]);
    expect(read.pieces.slice(3).every(({ kind, score }) => kind === 'normal' && score < 0)).toBe(true);
    expect(read.characterMap.length).toBeGreaterThan(0);
    expect(readSentencePiece(bytesOf(separate.files['target.spm']!), 'target.spm').characterMap).toHaveLength(0);
  });

  it('refuses bytes of any length that are not such a model', () => {
    const bytes = bytesOf(separate.files['target.spm']!);
    for (let i = 0; i < bytes.length; i += 7) {
      const damaged = bytes.slice();
      damaged[i]! ^= 0xff;
      for (const given of [bytes.subarray(0, i), damaged])
        try {
          expect(readSentencePiece(given, 'x.spm').pieces.length).toBeGreaterThan(0);
        } catch (error) {
          expect(error).toBeInstanceOf(LoadError);
        }
    }
  });
});

/** The model with one more number in its trainer's settings; the last of a field counts. */
function withTrainerField(bytes: Uint8Array, field: number, value: number): Uint8Array {
  const varint = (n: number): number[] => (n < 128 ? [n] : [(n % 128) + 128, ...varint(Math.floor(n / 128))]);
  const message = [...varint(field * 8), value];
  return new Uint8Array([...bytes, 2 * 8 + 2, message.length, ...message]);
}
