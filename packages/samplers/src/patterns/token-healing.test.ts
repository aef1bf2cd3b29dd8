import { History, ParameterError, type Tokenizer } from '@tokenwright/core';
import { RunState } from '@tokenwright/core/sampling';
import { candidatesOf, shaped, testRow } from '@tokenwright/core/testing';
import { expect, test } from 'vitest';
import { healPrompt, tokenHealing, tokenTexts, vocabularyTexts } from '../index.ts';

const pieces = ['<s>', 'h', 'ht', 'tp', 'http', 'https', ' http', ':', 't', 'ttp', '\ufffd', ' the'];
/** Takes the longest piece; drops the first space of a text, as SentencePiece does; its control token is 0. */
const tokenizer: Tokenizer = {
  vocabSize: pieces.length + 1,
  encode: (text) => {
    const ids: number[] = [];
    for (let at = 0; at < text.length; at += pieces[ids.at(-1)!]?.length ?? 1) {
      const fits = pieces.flatMap((piece, id) => (id > 0 && text.startsWith(piece, at) ? [id] : []));
      ids.push(fits.sort((a, b) => pieces[b]!.length - pieces[a]!.length)[0] ?? pieces.length);
    }
    return ids;
  },
  decode: (ids) =>
    Array.from(ids, (id) => (id === 0 ? '' : (pieces[id] ?? 'a')))
      .join('')
      .replace(/^ /, ''),
};

test('texts of a vocabulary keep their spaces', () => {
  expect(vocabularyTexts(tokenizer)).toEqual(['', ...pieces.slice(1), 'a']);
  expect(vocabularyTexts(tokenizer)).toBe(vocabularyTexts(tokenizer));
});

test('the text of one token keeps its space, and special tokens have their own only when asked for', () => {
  const named: Tokenizer = {
    ...tokenizer,
    decode: (ids, { skipSpecialTokens = true } = {}) =>
      Array.from(ids, (id) => (id === 0 ? (skipSpecialTokens ? '' : '<s>') : (pieces[id] ?? 'a')))
        .join('')
        .replace(/^ /, ''),
  };
  expect([0, 6, 11].map(tokenTexts(named))).toEqual(['', ' http', ' the']);
  expect([0, 6, 11].map(tokenTexts(named, { skipSpecialTokens: false }))).toEqual(['<s>', ' http', ' the']);
});

const texts = vocabularyTexts(tokenizer);
const flat = new Array(texts.length).fill(0);
const words = (row: Float32Array): string[] => candidatesOf(row).map((id) => texts[id]!);
const all = words(Float32Array.from(flat));

test.each<[string, number[], string[]]>([
  ['http', [], ['h', 'ht', 'http', 'https']],
  ['http', [1], ['t', 'ttp']],
  ['http', [2], ['tp', 't']],
  ['http', [1, 8], ['tp', 't']],
  ['http', [4], all],
  ['http', [5], all],
  ['http', [1, 8, 3], all],
  // Another way was forced.
  ['http', [7], all],
  ['http', [1, 7], all],
  ['', [], all],
  ['h:', [], ['h']],
  ['http:', [5], all],
])('to say %j, after %j: %j', (text, generated, expected) => {
  const row = shaped(tokenHealing({ text, texts }), flat, { prompt: [0], generated, eosTokenIds: [0] });
  expect(words(row)).toEqual(expected);
});

test('the last token of a prompt is removed', () => {
  const healed = healPrompt(tokenizer, [0, 11, 4]);
  expect(healed).toMatchObject({ ids: [0, 11], text: 'http' });
  const row = shaped(healed.sampler, flat, { prompt: healed.ids });
  expect(words(row)).toEqual(['h', 'ht', 'http', 'https']);
  expect(healPrompt(tokenizer, [0, 11, 4, 7], 2)).toMatchObject({ ids: [0, 11], text: 'http:' });
});

test('a token without text stays in the prompt', () => {
  for (const ids of [[], [4], [4, 0], [4, 10]]) {
    const healed = healPrompt(tokenizer, ids);
    expect(healed).toMatchObject({ ids, text: '' });
    expect(words(shaped(healed.sampler, flat, { prompt: ids }))).toEqual(all);
  }
  expect(healPrompt(tokenizer, [0, 4], 9)).toMatchObject({ ids: [0], text: 'http' });
  expect(healPrompt(tokenizer, [0, 4], 0)).toMatchObject({ ids: [0, 4], text: '' });
});

test('forks, rewinds and interleaved rows give the same as each sequence alone', () => {
  const sampler = tokenHealing({ text: 'http', texts });
  const state = new RunState();
  const at = (history: History): string[] => {
    const row = testRow(flat, { history, state, promptLength: 1 });
    row.apply(sampler, 0);
    return words(row.logits);
  };
  const start = History.of([0]);
  const [a, b] = [start.append(1), start.append(4)];
  expect(at(b)).toEqual(all);
  expect(at(a)).toEqual(['t', 'ttp']);
  expect(at(b.append(7))).toEqual(all);
  expect(at(start)).toEqual(['h', 'ht', 'http', 'https']);
  expect(at(a.append(8))).toEqual(['tp', 't']);
});

test('refuses what it cannot do', () => {
  expect(() => tokenHealing({ text: 1 as never, texts })).toThrow(ParameterError);
  expect(() => tokenHealing({ text: '', texts: 'a' as never })).toThrow(ParameterError);
  expect(() => healPrompt(tokenizer, [0, 4], -1)).toThrow(ParameterError);
});
