import { expect, it } from 'vitest';
import { allowedCounts, findings, findingsIn, keyOf, phrases } from './phrases.ts';

it('the texts of the repository have no more of the listed wording than phrases.json allows', () => {
  const allowed = allowedCounts();
  const byKey = new Map<string, string[]>();
  for (const { path, line, text, instead } of findings())
    byKey.set(keyOf(path), [...(byKey.get(keyOf(path)) ?? []), `${path}:${line}: '${text}' -> ${instead}`]);
  const problems = [...byKey].flatMap(([key, found]) => (found.length > (allowed[key] ?? 0) ? found : []));
  expect(problems).toEqual([]);
});

it('finds wording and old names with the line that they are in', () => {
  const text = 'It is\ndear to read.\n\nconst { endTokens } = options;\nsequence.draw(1);';
  expect(findingsIn('a.ts', text).map(({ line, text: found }) => [line, found])).toEqual([
    [2, 'dear'],
    [4, 'endTokens'],
    [5, '.draw('],
  ]);
});

it.each([
  'Once upon a time',
  'a standalone program, a stand-in, letters that stand for numbers',
  'if (a) b(); else c();',
  'there is no such file',
  'const maxNewTokens = promptTokens',
  'the tokens that a row holds',
])('accepts %s', (text) => {
  expect(findingsIn('a.ts', text)).toEqual([]);
});

it('lists each pattern once, as a global one', () => {
  expect(phrases.filter(({ pattern }) => !pattern.global)).toEqual([]);
  expect(new Set(phrases.map(({ pattern }) => pattern.source)).size).toBe(phrases.length);
});
