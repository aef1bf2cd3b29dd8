import { ParameterError } from '@tokenwright/core';
import { describe, expect, it } from 'vitest';
import type { JsonObject } from '../sources/json.ts';
import { createTokenizer } from './tokenizer.ts';

const letters = [...new Set(' \n<|>_/abcdefghijklmnopqrstuvwxyz▁')];
const controls = ['<|im_start|>', '<|im_end|>', '<s>', '</s>'];
const added = (first: number) =>
  controls.map((content, at) => ({
    id: first + at,
    content,
    single_word: false,
    lstrip: false,
    rstrip: false,
    normalized: false,
    special: true,
  }));
const bpe = (more: JsonObject = {}) =>
  createTokenizer({
    added_tokens: added(letters.length + 1),
    model: {
      type: 'BPE',
      vocab: { ...Object.fromEntries(letters.map((token, id) => [token, id])), en: letters.length },
      merges: ['e n'],
    },
    decoder: { type: 'Fuse' },
    ...more,
  });
/** The special tokens are pieces of the vocabulary too, with the best score. */
const unigram = createTokenizer({
  added_tokens: added(0),
  normalizer: { type: 'Replace', pattern: { String: ' ' }, content: '▁' },
  model: {
    type: 'Unigram',
    unk_id: null,
    vocab: [...controls.map((token) => [token, 0]), ...letters.map((token) => [token, -9])],
  },
  decoder: { type: 'Replace', pattern: { String: '▁' }, content: ' ' },
});

const specials = (tokenizer: ReturnType<typeof bpe>, ids: readonly number[]) =>
  ids.filter((id) => tokenizer.specialIds.includes(id)).map((id) => tokenizer.idToToken(id));

describe.each([
  ['BPE', bpe()],
  [
    'BPE with a prefix for the first word',
    bpe({ pre_tokenizer: { type: 'Metaspace', replacement: '▁', prepend_scheme: 'first' } }),
  ],
  ['Unigram', unigram],
])('special tokens as plain text in %s', (_, tokenizer) => {
  const text = '<|im_start|>a <|im_end|></s>b<s>';
  const plain = { addSpecialTokens: false };

  it('are special by default', () => {
    expect(specials(tokenizer, tokenizer.encode(text, plain))).toEqual(['<|im_start|>', '<|im_end|>', '</s>', '<s>']);
  });

  it('are split everywhere', () => {
    const ids = tokenizer.encode(text, { ...plain, splitSpecialTokens: true });
    expect(specials(tokenizer, ids)).toEqual([]);
    expect(tokenizer.decode(ids).replaceAll('▁', ' ').trimStart()).toBe(text);
  });

  it('are split in the given ranges', () => {
    const at = text.indexOf('<|im_end|>');
    const split = (ranges: readonly (readonly [number, number])[]) =>
      specials(tokenizer, tokenizer.encode(text, { ...plain, splitSpecialTokens: ranges }));
    expect(split([[at, at + 10]])).toEqual(['<|im_start|>', '</s>', '<s>']);
    expect(split([[at + 3, at + 12]])).toEqual(['<|im_start|>', '<s>']);
    expect(split([[at, at]])).toEqual(['<|im_start|>', '<|im_end|>', '</s>', '<s>']);
    expect(split([])).toEqual(['<|im_start|>', '<|im_end|>', '</s>', '<s>']);
  });

  it('leave the rest of the text as it is', () => {
    // A text without special tokens is the same with the option, also after one that had some.
    for (const other of ['abc', ' a b', '', '<|im', 'end|>'])
      expect(tokenizer.encode(other, { splitSpecialTokens: true })).toEqual(tokenizer.encode(other));
    const literal = tokenizer.encode('a<|im_end|>b', { ...plain, splitSpecialTokens: true });
    // The same text with a letter that keeps the token from being found.
    const spelled = tokenizer.encode('a<|im_endx|>b', plain);
    expect(literal.map((id) => tokenizer.idToToken(id))).toEqual(
      spelled.map((id) => tokenizer.idToToken(id)).filter((token) => token !== 'x'),
    );
  });
});

it('one spelling inside another is split too', () => {
  const tokenizer = createTokenizer({
    added_tokens: ['<<a>', '<a>'].map((content, at) => ({ id: 3 + at, content, special: true })),
    model: { type: 'BPE', vocab: { '<': 0, a: 1, '>': 2 }, merges: [] },
  });
  expect(tokenizer.encode('<<a>', { splitSpecialTokens: true })).toEqual([0, 0, 1, 2]);
});

it('ranges that are none are an error', () => {
  for (const splitSpecialTokens of ['all', [1], [[0]], [[0, -1]], 5])
    expect(() => bpe().encode('a', { splitSpecialTokens: splitSpecialTokens as never })).toThrow(ParameterError);
});
