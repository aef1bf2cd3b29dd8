import { expect, it } from 'vitest';
import { characterRanges } from './character-ranges.ts';
import { partialJson } from './partial-json.ts';
import { linesOf, pointersOf } from './source-lines.ts';

const bytesOf = (text: string) => [...text].map((character) => character.charCodeAt(0)).sort((a, b) => a - b);

it.each([
  ['0123456789', ['0–9']],
  ['abcdefxyz_', ['_', 'a–f', 'x–z']],
  ['"}', ['"', '}']],
  ['ab \n', ['a', 'b', '⏎', '␣']],
])('the characters %j are %j', (text, expected) => {
  expect(characterRanges(bytesOf(text))).toEqual(expected);
});

it('names parts of characters beyond ASCII', () => {
  expect(characterRanges([65, 0xc3, 0xe2])).toEqual(['A', 'beyond ASCII']);
});

it.each([
  ['', undefined],
  ['  {', { kind: 'object', entries: [], open: true }],
  ['{"na', { kind: 'object', entries: [{ name: '"na' }], open: true }],
  ['{"a":', { kind: 'object', entries: [{ name: '"a"' }], open: true }],
  [
    '{"a":1',
    { kind: 'object', entries: [{ name: '"a"', value: { kind: 'number', text: '1', open: true } }], open: true },
  ],
  [
    '{"a":1}',
    { kind: 'object', entries: [{ name: '"a"', value: { kind: 'number', text: '1', open: false } }], open: false },
  ],
  ['["x\\"', { kind: 'array', items: [{ kind: 'string', text: '"x\\"', open: true }], open: true }],
  ['[tr', { kind: 'array', items: [{ kind: 'literal', text: 'tr', open: true }], open: true }],
  [
    '[null, -2e5 ]',
    {
      kind: 'array',
      items: [
        { kind: 'literal', text: 'null', open: false },
        { kind: 'number', text: '-2e5', open: false },
      ],
      open: false,
    },
  ],
])('reads the beginning %j', (text, expected) => {
  expect(partialJson(text)).toEqual(expected);
});

it('reads every beginning of a document', () => {
  const text = JSON.stringify({ a: ['x', { 'b"\\': -1.5e-3 }, true, null], c: '\u2028 "', d: {} });
  for (let length = 1; length <= text.length; length++) {
    const open = partialJson(text.slice(0, length))?.open;
    expect(open).toBe(length < text.length);
  }
});

const schema = `{
  "properties": {
    "a/b": { "type": "string" },
    "list": {
      "items": [1, { "x": 2 }]
    }
  }
}`;

it('finds the lines of a pointer', () => {
  expect(Object.fromEntries(pointersOf(schema))).toMatchObject({
    '#': { from: 1, to: 8 },
    '#/properties/a~1b': { from: 3, to: 3 },
    '#/properties/list': { from: 4, to: 6 },
    '#/properties/list/items/1/x': { from: 5, to: 5 },
  });
  expect(linesOf('schema', schema, '#/properties/list/items/9/y')).toEqual({ from: 5, to: 5 });
  expect(linesOf('schema', schema, '#')).toEqual({ from: 1, to: 8 });
  expect(linesOf('schema', '{"a": [', '#/b')).toEqual({ from: 1, to: 1 });
});

it('finds the line of a rule', () => {
  expect(linesOf('gbnf', 'root ::= sum\nsum ::= [0-9]', 'sum')).toEqual({ from: 2, to: 2 });
  expect(linesOf('gbnf', 'root ::= "a"', 'none')).toBeUndefined();
  expect(linesOf('regex', 'a', '#')).toBeUndefined();
});
