import type { Tokenizer } from '@tokenwright/core';
import { describe, expect, it } from 'vitest';
import { jsonSchema, tokenizerBytes, tokenizerVocabulary, tokenMasks } from '../index.ts';

/** A tokenizer with the given spellings, which splits a text greedily. */
function spelled(
  spellings: readonly string[],
  write: (text: string) => string,
  read: (spelling: string) => string,
  specialIds: readonly number[] = [],
): Tokenizer {
  const tokenizer = {
    vocabSize: spellings.length,
    specialIds,
    idToToken: (id: number) => spellings[id],
    encode(text: string): number[] {
      const ids: number[] = [];
      let rest = write(text);
      while (rest !== '') {
        const fitting = spellings.filter((spelling, id) => !specialIds.includes(id) && rest.startsWith(spelling));
        const longest = fitting.sort((a, b) => b.length - a.length)[0]!;
        ids.push(spellings.indexOf(longest));
        rest = rest.slice(longest.length);
      }
      return ids;
    },
    decode: (ids: ArrayLike<number>) => Array.from(ids, (id) => read(spellings[id] ?? '')).join(''),
  };
  return tokenizer;
}

const hex = (bytes: Uint8Array): string => Array.from(bytes, (byte) => byte.toString(16).padStart(2, '0')).join(' ');

describe('the bytes of tokens', () => {
  it('of a byte-level vocabulary', () => {
    const spellings = ['<|end|>', 'a', 'b', 'c', 'Ġ', 'Ċ', 'Ã', '©', 'Ġb', '{"'];
    const tokenizer = spelled(
      spellings,
      (text) => text.replaceAll(' ', 'Ġ').replaceAll('\n', 'Ċ'),
      (spelling) => spelling.replaceAll('Ġ', ' ').replaceAll('Ċ', '\n'),
      [0],
    );
    expect(tokenizerBytes(tokenizer).map(hex)).toEqual([
      '',
      '61',
      '62',
      '63',
      '20',
      '0a',
      'c3',
      'a9',
      '20 62',
      '7b 22',
    ]);
  });

  it('of a SentencePiece vocabulary', () => {
    const spellings = ['<s>', 'a', 'b', 'c', '▁', '<0x0A>', '▁b', '<0xC3>', 'é', '▁▁'];
    const tokenizer = spelled(
      spellings,
      (text) => text.replaceAll(' ', '▁').replaceAll('\n', '<0x0A>'),
      (spelling) => spelling.replaceAll('▁', ' ').replaceAll('<0x0A>', '\n'),
      [0],
    );
    expect(tokenizerBytes(tokenizer).map(hex)).toEqual([
      '',
      '61',
      '62',
      '63',
      '20',
      '0a',
      '20 62',
      'c3',
      'c3 a9',
      '20 20',
    ]);
  });

  it('of another tokenizer, from what it decodes', () => {
    const texts = ['', 'a', ' b', '\ufffd', 'é'];
    const tokenizer: Tokenizer = {
      vocabSize: texts.length,
      encode: () => [1],
      // The first space of a text is dropped.
      decode: (ids) =>
        Array.from(ids, (id) => texts[id]!)
          .join('')
          .replace(/^ /, ''),
    };
    expect(tokenizerBytes(tokenizer).map(hex)).toEqual(['', '61', '20 62', '', 'c3 a9']);
    expect(tokenizerVocabulary(tokenizer)).toBe(tokenizerVocabulary(tokenizer));
  });
});

it('lets halves of characters build a character of a string', () => {
  const spellings = ['"', 'Ã', '©', 'a', 'b', 'c', 'Ġ', 'Ċ'];
  const tokenizer = spelled(
    spellings,
    (text) => text.replaceAll(' ', 'Ġ').replaceAll('\n', 'Ċ'),
    (spelling) => spelling,
  );
  const machine = jsonSchema({ const: 'é' });
  const vocabulary = tokenizerVocabulary(tokenizer);
  const masks = tokenMasks(machine, vocabulary);
  let state = machine.initial;
  for (const expected of [0, 1, 2, 0]) {
    expect(masks(state)[0]).toBe(1 << expected);
    for (const byte of vocabulary.bytes[expected]!) state = machine.step(state, byte)!;
  }
  expect(machine.accepting(state)).toBe(true);
});
