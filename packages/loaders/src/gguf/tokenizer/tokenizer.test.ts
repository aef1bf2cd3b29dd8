import { readFileSync } from 'node:fs';
import { LoadError, TextStream } from '@tokenwright/core';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { bytesSource } from '../../sources/byte-source.ts';
import type { JsonObject } from '../../sources/json.ts';
import { type GgufTestFile, ggufBytes, int32, list, uint32 } from '../../testing/gguf-bytes.ts';
import { floats } from '../../testing/gguf-model.ts';
import { hasShared, sharedUrl } from '../../testing/shared-data.ts';
import { byteToken } from '../../tokenizer/models/model.ts';
import { chatTemplateOf } from '../../tokenizer/open-chat-template.ts';
import { preTokenizerOf as partOf } from '../../tokenizer/parts/pre-tokenizers.ts';
import { createTokenizer, type LoadedTokenizer } from '../../tokenizer/tokenizer.ts';
import { openGguf } from '../file/gguf-file.ts';
import { type PreTokenizer, preTokenizerOf } from './pre-tokenizers.ts';
import { embeddedTokenizer } from './tokenizer.ts';

const fixture = (path: string): URL => sharedUrl(`fixtures/${path}`);
const hasGpt2 = hasShared('fixtures/gpt2-tokenizer', "GPT-2's tokenizer as GGUF");
const hasStories = hasShared('fixtures/stories260k', "stories260k's tokenizer as GGUF");
const read = (url: URL): JsonObject => JSON.parse(readFileSync(url, 'utf8')) as JsonObject;

async function opened(metadata: GgufTestFile['metadata'], architecture = 'llama') {
  const file = await openGguf(bytesSource(ggufBytes({ metadata, tensors: [] }), 'x.gguf'));
  return embeddedTokenizer(file, architecture);
}

async function tokenizer(metadata: GgufTestFile['metadata'], architecture?: string): Promise<LoadedTokenizer> {
  const { json, config } = (await opened(metadata, architecture))!;
  return createTokenizer(json, config, 'x.gguf');
}

const types = (values: readonly number[]) => list(values.map(int32));

/** Tokens in the order of their ids. */
function byId(vocab: Readonly<Record<string, number>>): string[] {
  const tokens: string[] = [];
  for (const [token, id] of Object.entries(vocab)) tokens[id] = token;
  return tokens;
}

/** The vocabulary of a tokenizer.json with byte-level BPE, as GGUF has it. */
function bytePairMetadata(json: JsonObject, pre: string): GgufTestFile['metadata'] {
  const { vocab, merges } = json.model as { vocab: Record<string, number>; merges: (string | [string, string])[] };
  const tokens = byId(vocab);
  const special = new Set((json.added_tokens as { id: number }[]).map(({ id }) => id));
  return {
    'tokenizer.ggml.model': 'gpt2',
    'tokenizer.ggml.pre': pre,
    'tokenizer.ggml.tokens': tokens,
    'tokenizer.ggml.token_type': types(tokens.map((_, id) => (special.has(id) ? 3 : 1))),
    'tokenizer.ggml.merges': merges.map((pair) => (typeof pair === 'string' ? pair : pair.join(' '))),
  };
}

/** SentencePiece's pieces: control tokens, bytes, then pieces whose scores are the order of their merges. */
const pieces = [
  '<unk>',
  '<s>',
  '</s>',
  ...Array.from({ length: 256 }, (_, byte) => `<0x${byte.toString(16).toUpperCase().padStart(2, '0')}>`),
  ...['▁t', 'he', '▁the', 'in', '▁a', 'er', 'ing', '▁▁'],
  ...'▁abcdefghijklmnopqrstuvwxyzé€',
];
const metadataOf = (tokens: readonly string[]): GgufTestFile['metadata'] => ({
  'tokenizer.ggml.model': 'llama',
  'tokenizer.ggml.tokens': tokens,
  'tokenizer.ggml.scores': floats(tokens.map((_, id) => (id < 259 ? 0 : -(id - 259)))),
  'tokenizer.ggml.token_type': types(tokens.map((_, id) => (id === 0 ? 2 : id < 3 ? 3 : id < 259 ? 6 : 1))),
  'tokenizer.ggml.bos_token_id': uint32(1),
  'tokenizer.ggml.eos_token_id': uint32(2),
  'tokenizer.ggml.unknown_token_id': uint32(0),
});
const pieceMetadata = metadataOf(pieces);

const text = fc.oneof(
  fc.string({ unit: 'binary', maxLength: 30 }),
  fc.string({ unit: 'grapheme', maxLength: 20 }),
  fc.stringMatching(/^[ a-zé€.,'\n0-9]{0,40}$/),
);
/** Spelled like control tokens or with the mark of a space, a text is another one. */
const ordinary = text.filter((given) => !/[▁<]/.test(given));

describe('gpt2', () => {
  const json = read(new URL('../../../../demo-model/models/story-amateur/tokenizer.json', import.meta.url));
  const metadata = bytePairMetadata(json, 'gpt-2');
  const original = createTokenizer(json);

  it('gives the ids of the tokenizer.json with the same vocabulary', async () => {
    const ours = await tokenizer(metadata);
    expect(ours.specialIds).toEqual(original.specialIds);
    expect(ours.vocabSize).toBe(original.vocabSize);
    fc.assert(
      fc.property(text, (given) => {
        expect(ours.encode(given)).toEqual(original.encode(given));
        expect(ours.decode(ours.encode(given))).toBe(given);
      }),
      { numRuns: 300, seed: 4 },
    );
    expect(ours.encode('Once<|endoftext|>upon')).toEqual(original.encode('Once<|endoftext|>upon'));
  });

  it.skipIf(!hasGpt2)("gives GPT-2's own ids", async () => {
    const vocab = read(fixture('gpt2-tokenizer/vocab.json')) as Record<string, number>;
    const merges = readFileSync(fixture('gpt2-tokenizer/merges.txt'), 'utf8').split('\n').slice(1).filter(Boolean);
    const ours = await tokenizer(
      bytePairMetadata({ model: { vocab, merges }, added_tokens: [{ id: 50256 }] }, 'gpt-2'),
    );
    const vectors = JSON.parse(readFileSync(fixture('gpt2-tokenizer/vectors.json'), 'utf8')) as {
      text: string;
      ids: number[];
    }[];
    expect(vectors.length).toBeGreaterThan(40);
    for (const { text: given, ids } of vectors) expect(ours.encode(given), given).toEqual(ids);
  });

  it('adds the begin and end token as the file says, or as its pre-tokenizer implies', async () => {
    const named = {
      ...metadata,
      'tokenizer.ggml.bos_token_id': uint32(0),
      'tokenizer.ggml.eos_token_id': uint32(0),
    };
    const plain = original.encode('a b');
    const encoded = async (more: GgufTestFile['metadata']) => (await tokenizer({ ...named, ...more })).encode('a b');
    expect(await encoded({})).toEqual(plain);
    expect(await encoded({ 'tokenizer.ggml.add_bos_token': true })).toEqual([0, ...plain]);
    expect(await encoded({ 'tokenizer.ggml.add_eos_token': true })).toEqual([...plain, 0]);
    expect(await encoded({ 'tokenizer.ggml.pre': 'llama-bpe' })).toEqual([0, ...plain]);
    expect(await encoded({ 'tokenizer.ggml.pre': 'llama-bpe', 'tokenizer.ggml.add_bos_token': false })).toEqual(plain);
    const ours = await tokenizer({ ...named, 'tokenizer.ggml.add_bos_token': true });
    expect(ours.encode('a b', { addSpecialTokens: false })).toEqual(plain);
    await expect(tokenizer({ ...metadata, 'tokenizer.ggml.add_bos_token': true })).rejects.toThrow(
      'tokenizer.ggml.bos_token_id: is missing, but the token is to be added',
    );
  });

  it('takes a word that is a token whole where the cut says so', async () => {
    const tokens = ['a', 'b', 'c', 'ab', 'abc'];
    const few = {
      'tokenizer.ggml.model': 'gpt2',
      'tokenizer.ggml.tokens': tokens,
      'tokenizer.ggml.merges': ['a b'],
      'tokenizer.ggml.add_bos_token': false,
    };
    // No merge makes 'abc'.
    expect((await tokenizer({ ...few, 'tokenizer.ggml.pre': 'gpt-2' })).encode('abc')).toEqual([3, 2]);
    expect((await tokenizer({ ...few, 'tokenizer.ggml.pre': 'llama-bpe' })).encode('abc')).toEqual([4]);
  });

  it('streams exactly', async () => {
    await streamsExactly(await tokenizer(metadata));
  });
});

describe('cuts', () => {
  const cut = (pre: string, given: string): string[] => {
    const { steps } = preTokenizerOf('x.gguf', pre, 'llama') as PreTokenizer;
    const pieces = partOf({ type: 'Sequence', pretokenizers: steps })({ text: given, first: true });
    return pieces.map((piece) => piece.text);
  };
  const given = "I'm HERE  in 2024,\n\n  it's 12345!";

  it.each([
    ['gpt-2', "I|'m| HERE| | in| 2024|,|\n\n | it|'s| 12345|!"],
    ['smollm', "I|'m| HERE| | in| |2|0|2|4|,|\n\n | it|'s| |1|2|3|4|5|!"],
    ['llama-bpe', "I|'m| HERE| | in| |202|4|,\n\n| | it|'s| |123|45|!"],
    ['qwen2', "I|'m| HERE| | in| |2|0|2|4|,\n\n| | it|'s| |1|2|3|4|5|!"],
    ['tekken', "I|'m| HERE| | in| |2|0|2|4|,\n\n| | it|'s| |1|2|3|4|5|!"],
    ['gpt-4o', "I'm| HERE| | in| |202|4|,\n\n| | it's| |123|45|!"],
  ])('%s', (pre, words) => {
    expect(cut(pre, given).join('|')).toBe(words);
  });

  it('tekken and gpt-4o part words at capitals', () => {
    expect(cut('tekken', 'camelCase HTTPServer')).toEqual(['camel', 'Case', ' HTTPServer']);
    expect(cut('gpt-4o', 'camelCase HTTPServer')).toEqual(['camel', 'Case', ' HTTPServer']);
  });

  it.each([
    ['kimi-k2', '你好world 123456', '你好|world| |123|456'],
    ['afmoe', 'a 1234567', 'a| |1|234|567'],
    ['superbpe', 'two words 1234567!', 'two words |1|234|567|!'],
    ['exaone-moe', 'one two  three', 'one two| | three'],
    ['ufakzeka', "Ankara'da", "Ankara|'da"],
    ['jais-2', 'a       b', 'a|    |  | b'],
    ['chameleon', 'xIMGIMGABZ1      2<3', 'x|IMGIMGABZ|1|    |  |2|<|3'],
    ['youtu', 'camelCase，漢字', 'camelCase|，|漢字'],
    ['gemma4', 'one▁two\n\nthree', 'one▁two|\n\n|three'],
  ])('%s', (pre, text, words) => {
    expect(cut(pre, text).join('|')).toBe(words);
  });

  it('holds the characters of Unicode 15.0, as llama.cpp does', () => {
    // A letter since 16.0.
    expect(cut('gpt-2', 'a\u{10d4a}b')).toEqual(['a', '\u{10d4a}', 'b']);
    expect(cut('gpt-2', 'a\u{10d00}b')).toEqual(['a\u{10d00}b']);
  });

  const few = {
    'tokenizer.ggml.model': 'gpt2',
    'tokenizer.ggml.tokens': ['a', '1', '11', '$', 'a1'],
    'tokenizer.ggml.merges': ['1 1', 'a 1'],
  };

  it('describes a file with a name that is not known, and says why no text can be encoded', async () => {
    const { problem, json } = (await opened({ ...few, 'tokenizer.ggml.pre': 'whitespace' }))!;
    expect(problem).toBeInstanceOf(LoadError);
    expect(problem!.message).toContain(
      "x.gguf: tokenizer.ggml.pre: 'whitespace' is not known; known: default, gpt-2, phi-2",
    );
    expect(problem!.message).toContain('load(file, { tokenizer: await loadTokenizer(folder) })');
    expect(createTokenizer(json).vocabSize).toBe(5);
    expect((await opened(few))!.problem).toBeUndefined();
  });

  it("takes llama.cpp's cut where none is named, and GPT-2's for GPT-2", async () => {
    for (const metadata of [few, { ...few, 'tokenizer.ggml.pre': 'default' }])
      expect((await tokenizer(metadata)).encode('a1111')).toEqual([0, 2, 1, 1]);
    expect((await tokenizer(few, 'gpt2')).encode('a1111')).toEqual([0, 2, 2]);
  });

  it('leaves out merges that make no token', async () => {
    const ours = await tokenizer({ ...few, 'tokenizer.ggml.merges': ['a $', '1 x', '1 1'] });
    expect(ours.encode('a$11')).toEqual([0, 3, 2]);
  });
});

describe('gemma4', () => {
  const tokens = [
    '<bos>',
    ...Array.from({ length: 256 }, (_, byte) => byteToken(byte)),
    ...'▁abc\n',
    '▁a',
    'bc',
    '\n\n',
  ];
  const metadata: GgufTestFile['metadata'] = {
    'tokenizer.ggml.model': 'gemma4',
    'tokenizer.ggml.pre': 'gpt-2',
    'tokenizer.ggml.tokens': tokens,
    'tokenizer.ggml.token_type': types(tokens.map((_, id) => (id === 0 ? 3 : id < 257 ? 6 : 1))),
    'tokenizer.ggml.merges': ['▁ a', 'b c', 'a \n'],
    'tokenizer.ggml.bos_token_id': uint32(0),
    'tokenizer.ggml.add_bos_token': false,
  };

  it('writes characters, falls back to bytes, takes line breaks whole and always begins with the begin token', async () => {
    const ours = await tokenizer(metadata);
    const ids = ours.encode(' abc\n\nß');
    expect(ids.map((id) => ours.idToToken(id))).toEqual(['<bos>', '▁a', 'bc', '\n\n', '<0xC3>', '<0x9F>']);
    expect(ours.decode(ids)).toBe(' abc\n\nß');
  });

  it('says which byte has no token', async () => {
    const { problem } = (await opened({ ...metadata, 'tokenizer.ggml.tokens': ['<bos>', ...tokens.slice(2), 'x'] }))!;
    expect(problem!.message).toContain("tokenizer.ggml.tokens: lacks '<0x00>', which texts need");
  });

  it('streams exactly', async () => {
    await streamsExactly(await tokenizer(metadata));
  });
});

describe('llama', () => {
  it('joins the pieces with the best scores, and falls back to bytes', async () => {
    const ours = await tokenizer(pieceMetadata);
    const spelled = (given: string) => ours.encode(given, { addSpecialTokens: false }).map((id) => ours.idToToken(id));
    expect(spelled('the thing')).toEqual(['▁the', '▁t', 'h', 'ing']);
    expect(spelled('a  ß')).toEqual(['▁a', '▁▁', '<0xC3>', '<0x9F>']);
    expect(ours.encode('the')).toEqual([1, 261]);
    expect(ours.specialIds).toEqual([0, 1, 2]);
    expect(ours.encode('a</s>')).toEqual([1, 263, 2]);
  });

  it('puts no space in front where the file says so', async () => {
    const ours = await tokenizer({ ...pieceMetadata, 'tokenizer.ggml.add_space_prefix': false });
    const ids = ours.encode('the', { addSpecialTokens: false });
    expect(ids.map((id) => ours.idToToken(id))).toEqual(['t', 'he']);
    expect(ours.decode(ids)).toBe('the');
    expect(ours.decode(ours.encode(' the'))).toBe(' the');
  });

  it('comes back as it was', async () => {
    const ours = await tokenizer(pieceMetadata);
    fc.assert(
      fc.property(ordinary, (given) => {
        expect(ours.decode(ours.encode(given))).toBe(given);
      }),
      { numRuns: 300, seed: 6 },
    );
  });

  it('streams exactly', async () => {
    await streamsExactly(await tokenizer(pieceMetadata));
  });

  it.skipIf(!hasStories)("gives the ids of stories260k's tokenizer.json", async () => {
    const json = read(fixture('stories260k/tokenizer.json'));
    const original = createTokenizer(json);
    const { vocab } = json.model as { vocab: Record<string, number> };
    const ours = await tokenizer(metadataOf(byId(vocab)));
    fc.assert(
      fc.property(ordinary, (given) => {
        expect(ours.encode(given)).toEqual(original.encode(given));
      }),
      { numRuns: 300, seed: 8 },
    );
    const story = 'Once upon a time, there was a little girl named Lily. She loved to play outside in the park.';
    expect(ours.encode(story)).toEqual(original.encode(story));
  });
});

describe('t5', () => {
  const unigrams = ['<pad>', '</s>', '<unk>', '▁', '▁a', 'ab', ...'abcdefghijklmnopqrstuvwxyzé€🦙'];
  const metadata: GgufTestFile['metadata'] = {
    'tokenizer.ggml.model': 't5',
    'tokenizer.ggml.tokens': unigrams,
    'tokenizer.ggml.scores': floats(unigrams.map((_, id) => -id / 4)),
    'tokenizer.ggml.token_type': types(unigrams.map((_, id) => (id < 2 ? 3 : id === 2 ? 2 : 1))),
  };

  it('finds the likeliest pieces and ends a text', async () => {
    const ours = await tokenizer(metadata);
    const ids = ours.encode('abc a');
    expect(ids.map((id) => ours.idToToken(id))).toEqual(['▁', 'ab', 'c', '▁a', '</s>']);
    expect(ours.decode(ids)).toBe('abc a');
    expect(ours.encode('a b', { addSpecialTokens: false }).at(-1)).not.toBe(1);
  });

  it('streams exactly', async () => {
    await streamsExactly(await tokenizer(metadata));
  });
});

describe('Phi-3', () => {
  it('strips the white space after its control tokens, which no key says', async () => {
    const tokens = [...pieces, '<|user|>'];
    const metadata = {
      ...metadataOf(tokens),
      'tokenizer.ggml.add_space_prefix': false,
      'tokenizer.ggml.token_type': types(
        tokens.map((_, id) => (id === 0 ? 2 : id < 3 || id === pieces.length ? 3 : 1)),
      ),
    };
    const spelled = async (name: string) => {
      const ours = await tokenizer({ ...metadata, 'general.name': name });
      return ours.encode('<|user|> \n a<s> a', { addSpecialTokens: false }).map((id) => ours.idToToken(id));
    };
    expect(await spelled('Phi 3 Mini')).toEqual(await spelled('other'));
    expect(await spelled('Phi-3-Mini')).toEqual(['<|user|>', 'a', '<s>', '▁a']);
  });
});

describe('texts that occur twice, and empty ones', () => {
  it('decode by each of their ids, and encode to the last', async () => {
    const tokens = [...pieces, 'x', 'x', '', '', '<s>'];
    const ours = await tokenizer(metadataOf(tokens));
    const at = pieces.length;
    expect(tokens.indexOf('x')).toBeLessThan(at);
    expect(ours.vocabSize).toBe(tokens.length);
    expect(ours.decode([tokens.indexOf('x'), at, at + 1])).toBe('xxx');
    expect(ours.decode([at + 2, at + 3])).toBe('');
    expect(ours.idToToken(at)).toBe('x');
    expect(ours.tokenToId('x')).toBe(at + 1);
    expect(ours.encode('x', { addSpecialTokens: false }).at(-1)).toBe(at + 1);
    // The begin token is the one that the file names, once.
    expect(ours.encode('a')[0]).toBe(1);
    expect(ours.encode('a').filter((id) => ours.idToToken(id) === '<s>')).toHaveLength(1);
    expect(ours.decode([1, at + 4])).toBe('');
  });
});

describe('what a file may not say', () => {
  it.each<[string, GgufTestFile['metadata'], string]>([
    [
      'a kind that is not known',
      { 'tokenizer.ggml.model': 'bert' },
      "tokenizer.ggml.model: 'bert' is not known; known: gpt2, gemma4, llama, t5",
    ],
    ['no tokens', { 'tokenizer.ggml.tokens': uint32(1) }, 'tokenizer.ggml.tokens: must be a list of texts'],
    [
      'too few scores',
      { 'tokenizer.ggml.scores': floats([1]) },
      `tokenizer.ggml.scores: has 1 entries, but tokenizer.ggml.tokens has ${pieces.length}`,
    ],
    [
      'scores of another kind',
      { 'tokenizer.ggml.scores': ['a'] },
      'tokenizer.ggml.scores: must be a list of 32-bit numbers',
    ],
    [
      'types of another kind',
      { 'tokenizer.ggml.token_type': 'normal' },
      'tokenizer.ggml.token_type: must be a list of 32-bit numbers',
    ],
    [
      'a switch that is none',
      { 'tokenizer.ggml.add_bos_token': uint32(1) },
      'tokenizer.ggml.add_bos_token: must be true or false, but is 1',
    ],
    [
      'an id that is none',
      { 'tokenizer.ggml.bos_token_id': 'x' },
      'tokenizer.ggml.bos_token_id: must be a non-negative integer, but is "x"',
    ],
  ])('%s', async (_, more, message) => {
    const error = await opened({ ...pieceMetadata, ...more }).catch((cause: unknown) => cause);
    expect(error).toBeInstanceOf(LoadError);
    expect((error as Error).message).toContain(message);
  });

  it('a merge of one token', async () => {
    const few = { 'tokenizer.ggml.model': 'gpt2', 'tokenizer.ggml.pre': 'gpt-2', 'tokenizer.ggml.tokens': ['a', 'b'] };
    await expect(tokenizer({ ...few, 'tokenizer.ggml.merges': ['ab'] })).rejects.toThrow(
      "tokenizer.ggml.merges: entry 0 must hold two tokens, but is 'ab'",
    );
  });

  it('says nothing of a tokenizer when it has none', async () => {
    expect(await opened({})).toBeUndefined();
    expect(await opened({ 'tokenizer.ggml.model': 'no_vocab' })).toBeUndefined();
  });
});

describe('tokenizer_config', () => {
  it('names the control tokens and holds the chat template', async () => {
    const { config } = (await opened({ ...pieceMetadata, 'tokenizer.chat_template': '{{ messages }}' }))!;
    expect(config).toEqual({
      bos_token: '<s>',
      eos_token: '</s>',
      unk_token: '<unk>',
      add_bos_token: true,
      add_eos_token: false,
      chat_template: '{{ messages }}',
    });
  });

  it('names the tokens that separate, classify, mask, pad and are unknown, which are special', async () => {
    const tokens = [...pieces, '[SEP]', '[CLS]', '[MASK]', '<pad>', '!'];
    const at = pieces.length;
    const metadata = metadataOf(tokens);
    const named = {
      ...metadata,
      'tokenizer.ggml.seperator_token_id': uint32(at),
      'tokenizer.ggml.cls_token_id': uint32(at + 1),
      'tokenizer.ggml.mask_token_id': uint32(at + 2),
      'tokenizer.ggml.padding_token_id': uint32(at + 3),
    };
    const { config, json } = (await opened(named))!;
    expect(config).toMatchObject({ sep_token: '[SEP]', cls_token: '[CLS]', mask_token: '[MASK]', pad_token: '<pad>' });
    expect(chatTemplateOf({ ...config, chat_template: 'T' }, 'x')!.specialTokens).toEqual({
      bos_token: '<s>',
      eos_token: '</s>',
      unk_token: '<unk>',
      sep_token: '[SEP]',
      cls_token: '[CLS]',
      mask_token: '[MASK]',
      pad_token: '<pad>',
    });
    const ours = createTokenizer(json, config);
    expect(ours.specialIds).toEqual([0, 1, 2, at, at + 1, at + 2, at + 3]);
    expect(ours.encode('a[SEP]b', { addSpecialTokens: false })).toContain(at);
    expect(ours.decode([at, at + 1])).toBe('');
    const spelled = { ...metadata, 'tokenizer.ggml.separator_token_id': uint32(at) };
    expect((await opened(spelled))!.config.sep_token).toBe('[SEP]');
    // A word that pads stays a word.
    const word = await tokenizer({ ...named, 'tokenizer.ggml.padding_token_id': uint32(at + 4) });
    expect(word.specialIds).toEqual([0, 1, 2, at, at + 1, at + 2]);
    expect(word.decode([at + 4])).toBe('!');
  });

  it('holds further chat templates with their names', async () => {
    const two = {
      ...pieceMetadata,
      'tokenizer.chat_template': 'D',
      'tokenizer.chat_templates': ['tool_use'],
      'tokenizer.chat_template.tool_use': 'T',
    };
    expect((await opened(two))!.config.chat_template).toEqual([
      { name: 'default', template: 'D' },
      { name: 'tool_use', template: 'T' },
    ]);
    await expect(opened({ ...two, 'tokenizer.chat_templates': ['rag'] })).rejects.toThrow(
      'tokenizer.chat_template.rag: is missing',
    );
  });
});

/** The pieces of a stream joined are the text of all ids. */
async function streamsExactly(ours: LoadedTokenizer): Promise<void> {
  fc.assert(
    fc.property(fc.array(fc.nat({ max: ours.vocabSize + 2 }), { maxLength: 30 }), (ids) => {
      const stream = new TextStream(ours);
      expect(ids.map((id) => stream.push(id)).join('') + stream.flush()).toBe(ours.decode(ids));
    }),
    { numRuns: 300, seed: 9 },
  );
}
