import type { LoadedTokenizer } from '@tokenwright/loaders';
import { expect, it } from 'vitest';
import { quoted, tokenText } from './token.ts';

const pieces = ['<s>', 'a', '▁time', '<0xE2>', 'm'];
const texts = ['<s>', 'a', ' time', '\ufffd', 'm'];
/** Drops the first space of a text, as SentencePiece does. */
const tokenizer = {
  vocabSize: pieces.length,
  encode: () => [1],
  decode: (ids: ArrayLike<number>, { skipSpecialTokens = true } = {}) =>
    Array.from(ids, (id) => (id === 0 && skipSpecialTokens ? '' : texts[id]))
      .join('')
      .replace(/^ /, ''),
  idToToken: (id: number) => pieces[id],
} as Partial<LoadedTokenizer> as LoadedTokenizer;

it('a token keeps its leading space', () => {
  expect([tokenText(tokenizer, 2), tokenText(tokenizer, 4)]).toEqual([' time', 'm']);
  expect(quoted(tokenizer, 2)).toBe('" time"');
});

it('special tokens and parts of a character are spelled as in the vocabulary', () => {
  expect([0, 3, 9].map((id) => tokenText(tokenizer, id))).toEqual(['<s>', '<0xE2>', '#9']);
});
