import { expect, it } from 'vitest';
import { textsOf } from './line-reader.ts';

it.each([
  [['one'], ['one']],
  [['one', 'two'], ['one\ntwo']],
  [
    ['/help', '/stats'],
    ['/help', '/stats'],
  ],
  [
    ['one', 'two', '/undo', 'three', '', 'four'],
    ['one\ntwo', '/undo', 'three\n\nfour'],
  ],
])('lines that came together, %j, are the texts %j', (lines, texts) => {
  expect(textsOf(lines, (line) => line.startsWith('/'))).toEqual(texts);
});
