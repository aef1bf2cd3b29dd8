import { EmptyDistributionError, History, ParameterError, Random } from '@tokenwright/core';
import { RunState, sampleToken } from '@tokenwright/core/sampling';
import { candidatesOf, shaped, testRow } from '@tokenwright/core/testing';
import {
  type Arbitrary,
  array,
  assert,
  constantFrom,
  integer,
  letrec,
  oneof,
  property,
  string,
  tuple,
} from 'fast-check';
import { expect, test } from 'vitest';
import { PatternError, regex } from '../index.ts';
import { PatternAutomaton } from './pattern-automaton.ts';
import { parsePattern } from './pattern-syntax.ts';

const matches = (pattern: string, text: string): boolean => {
  const automaton = new PatternAutomaton(parsePattern(pattern));
  return automaton.accepts(automaton.after(automaton.start, text));
};

test.each([
  ['abc', ['abc'], ['', 'ab', 'abcd', 'xabc']],
  ['', [''], ['a']],
  ['a|bc|', ['a', 'bc', ''], ['b', 'abc']],
  ['a*', ['', 'aaa'], ['b', 'aab']],
  ['a+b?', ['a', 'aab'], ['', 'b', 'abb']],
  ['(?:ab){2}', ['abab'], ['ab', 'ababab']],
  ['a{2,}', ['aa', 'aaaa'], ['a']],
  ['a{1,3}', ['a', 'aaa'], ['', 'aaaa']],
  ['a{0}b', ['b'], ['ab']],
  ['(a*)*b', ['b', 'aaab'], ['a']],
  ['[a-c_]+', ['abc_'], ['d', '-']],
  ['[^a-c]', ['d', '\n', '😀'], ['a', '']],
  ['[-a]', ['-', 'a'], ['b']],
  ['[a-]', ['-', 'a'], ['b']],
  ['[\\]\\-]', [']', '-'], ['\\']],
  ['.', ['x', '😀', '\t'], ['\n', '\r', '\u2028', '']],
  ['\\d+\\.\\d{2}', ['12.50'], ['12.5', '12x50']],
  ['\\w\\W\\s\\S', ['a- b'], ['aab ']],
  ['[\\d\\-x]*', ['1-x'], ['y']],
  ['\\n\\t\\\\\\/', ['\n\t\\/'], ['nt\\/']],
  ['\\x41\\u00e9\\u{1F600}', ['Aé😀'], ['A']],
  ['/', ['/'], ['']],
  ['^ab$', ['ab'], ['a']],
  ['-?(0|[1-9]\\d*)', ['0', '-10'], ['01', '-']],
])('%s', (pattern, good, bad) => {
  for (const text of good) expect([text, matches(pattern, text)]).toEqual([text, true]);
  for (const text of bad) expect([text, matches(pattern, text)]).toEqual([text, false]);
});

test('agrees with JavaScript', () => {
  const { pattern } = letrec<{ pattern: string; part: string }>((tie) => ({
    part: oneof(
      { maxDepth: 4, depthIdentifier: 'p' },
      constantFrom('a', 'b', 'c', '[ab]', '[^a]', '.', '\\d', '\\w', '\\s', '\\S'),
      tie('pattern').map((inner) => `(?:${inner})`),
      tuple(tie('part'), constantFrom('*', '+', '?', '{2}', '{0,2}', '{1,}')).map(
        ([part, times]) => `(${part})${times}`,
      ),
    ),
    pattern: oneof(
      { maxDepth: 4, depthIdentifier: 'p' },
      tie('part'),
      array(tie('part') as Arbitrary<string>, { maxLength: 3 }).map((parts) => parts.join('')),
      array(tie('part') as Arbitrary<string>, { minLength: 2, maxLength: 3 }).map((parts) => parts.join('|')),
    ),
  }));
  const text = string({ unit: constantFrom('a', 'b', 'c', '1', ' ', '\n', '😀'), maxLength: 7 });
  assert(
    property(pattern, array(text, { minLength: 5, maxLength: 5 }), (source, texts) => {
      const native = new RegExp(`^(?:${source})$`, 'u');
      for (const one of texts) expect([source, one, matches(source, one)]).toEqual([source, one, native.test(one)]);
    }),
    { numRuns: 400 },
  );
});

test.each([
  ['(ab', 0, "'(' without ')'"],
  ['ab)', 2, "')' without '('"],
  ['a[b', 1, "'[' without ']'"],
  ['*a', 0, "'*' with nothing to repeat"],
  ['a**', 2, 'a repetition of a repetition'],
  ['a+?', 2, 'a lazy repetition'],
  ['a{2,1}', 1, 'a repetition with the larger bound first'],
  ['a{x}', 1, "'{' must begin"],
  ['a}', 1, "'}' that is not escaped"],
  ['a]', 1, "']' that is not escaped"],
  ['a^b', 1, "'^' inside the pattern"],
  ['a$b', 1, "'$' inside the pattern"],
  ['(?=a)', 1, "only '(...)' and '(?:...)'"],
  ['(?<n>a)', 1, "only '(...)' and '(?:...)'"],
  ['(a)\\1', 3, "the escape '\\1'"],
  ['\\bword', 0, "the escape '\\b'"],
  ['\\p{L}', 0, "the escape '\\p'"],
  ['a\\', 1, 'a backslash at the end'],
  ['[b-a]', 1, 'a range that is none'],
  ['[\\d-z]', 1, 'a range that is none'],
  ['a[]', 1, 'a class that no character is in'],
  ['\\u{110000}', 0, "the escape '\\u'"],
])('%s is refused at %d: %s', (pattern, position, problem) => {
  const attempt = (): unknown => regex({ pattern, texts: [] });
  expect(attempt).toThrow(PatternError);
  expect(attempt).toThrow(problem);
  expect(attempt).toThrow(expect.objectContaining({ position, pattern }));
});

// 0 ends the text, 1 has no text, 2 is a part of a character.
const texts = ['', '', '\ufffd', 'a', 'b', 'ab', 'abc', '1', '12', ' ', 'é', '😀', 'ba', 'a1', 'x'];
const flat = new Array(texts.length).fill(0);

test.each([
  ['a(b|1)*', [], ['a', 'ab', 'a1']],
  ['a(b|1)*', [3], ['b', '1', '']],
  ['a(b|1)*', [13], ['b', '1', '']],
  ['[^a]+', [], ['b', '1', '12', ' ', 'é', '😀', 'x']],
  ['abc', [5], []],
  ['abc', [3, 4], []],
  ['.*', [], ['', ...texts.slice(3)]],
  ['😀é?', [11], ['é', '']],
  ['', [], ['']],
])('%s after %j', (pattern, generated, expected) => {
  const row = shaped(regex({ pattern, texts }), flat, { prompt: [14], generated, eosTokenIds: [0] });
  expect(candidatesOf(row).map((id) => texts[id])).toEqual(
    texts.filter((text, id) => (id === 0 || id > 2) && expected.includes(text)),
  );
});

test('a mask is the same as trying every token', () => {
  const words = Array.from({ length: 300 }, (_, id) => `${id.toString(3)}`.replaceAll('0', 'a').replaceAll('1', 'b'));
  const pattern = '(ab|b2?){1,4}a*';
  const automaton = new PatternAutomaton(parsePattern(pattern));
  const sampler = regex({ pattern, texts: words });
  for (const generated of [[], [1], [4, 1], [2], [299]]) {
    const state = generated.reduce((at, id) => automaton.after(at, words[id]!), automaton.start);
    const expected = words.flatMap((word, id) => (automaton.after(state, word) >= 0 ? [id] : []));
    expect(candidatesOf(shaped(sampler, new Array(300).fill(0), { generated }))).toEqual(expected);
  }
});

test('a sampled reply matches', () => {
  const random = new Random(3);
  const pattern = '-?(0|[1-9][0-9]{0,3})(\\.[0-9]+)?( (kg|cm))?';
  const vocabulary = ['', ...'-.0123456789 kgcm'.split(''), '10', '.5', ' kg', '00', ' c', 'm m', 'kg '];
  const sampler = regex({ pattern, texts: vocabulary });
  const native = new RegExp(`^(?:${pattern})$`, 'u');
  for (let sequence = 0; sequence < 50; sequence++) {
    let history = History.of([]);
    let text = '';
    for (;;) {
      const row = shaped(sampler, new Array(vocabulary.length).fill(0), { history, eosTokenIds: [0] });
      const id = sampleToken(row, random.key(sequence, history.length, 'draw'));
      if (id === 0) break;
      text += vocabulary[id];
      history = history.append(id);
    }
    expect(text).toMatch(native);
  }
});

test('forks, rewinds and interleaved rows give the same as each sequence alone', () => {
  const sampler = regex({ pattern: 'a(b|1)*', texts });
  const state = new RunState();
  const at = (history: History): string[] => {
    const row = testRow(flat, { history, state, promptLength: 1, eosTokenIds: [0] });
    row.apply(sampler, 0);
    return candidatesOf(row.logits).map((id) => texts[id]!);
  };
  const start = History.of([14]);
  const [a, b] = [start.append(3), start.append(5)];
  expect(at(a)).toEqual(['', 'b', '1']);
  expect(at(start)).toEqual(['a', 'ab', 'a1']);
  expect(at(b.append(7))).toEqual(['', 'b', '1']);
  expect(at(b.append(14))).toEqual([]);
  expect(at(a.append(4))).toEqual(['', 'b', '1']);
});

test('an emptied row is an error that names the stage', () => {
  const row = testRow(flat, { generated: [3, 4] });
  row.apply(regex({ pattern: 'ab', texts }), 0);
  expect(row.sampleable).toBe(false);
  expect(() => row.refuse('regex')).toThrow(EmptyDistributionError);
});

test('a vocabulary larger or smaller than the list of texts', () => {
  const sampler = regex({ pattern: '[ab]*', texts });
  expect(candidatesOf(shaped(sampler, new Array(70).fill(0)))).toEqual([3, 4, 5, 12]);
  expect(candidatesOf(shaped(sampler, new Array(4).fill(0)))).toEqual([3]);
});

test('a pattern that is too large is refused', () => {
  expect(() => regex({ pattern: '((a{100}){100}){100}', texts })).toThrow('regex does not support a pattern of more');
  expect(() => regex({ pattern: 3 as never, texts })).toThrow(ParameterError);
  expect(() => regex({ pattern: 'a', texts: 'a' as never })).toThrow(ParameterError);
  assert(
    property(integer({ min: 1, max: 200 }), (count) => {
      expect(matches(`a{${count}}`, 'a'.repeat(count))).toBe(true);
      expect(matches(`a{${count}}`, 'a'.repeat(count - 1))).toBe(false);
    }),
    { numRuns: 20 },
  );
});
