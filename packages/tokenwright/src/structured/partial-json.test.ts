import { describe, expect, it } from 'vitest';
import { PartialJson } from './partial-json.ts';

/** The different values, in order, when a text arrives one UTF-16 unit at a time. */
function valuesOf(text: string): unknown[] {
  const partial = new PartialJson();
  const values: unknown[] = [];
  for (let at = 0; at < text.length; at++) {
    const value = partial.push(text[at]!);
    if (value !== undefined && JSON.stringify(value) !== JSON.stringify(values.at(-1))) values.push(value);
  }
  return values;
}

/** Whether `later` has all that `earlier` has: more names and items, and longer texts. */
function continues(earlier: unknown, later: unknown): boolean {
  if (typeof earlier === 'string') return typeof later === 'string' && later.startsWith(earlier);
  if (Array.isArray(earlier))
    return Array.isArray(later) && earlier.every((item, at) => at < later.length && continues(item, later[at]));
  if (typeof earlier === 'object' && earlier !== null)
    return Object.entries(earlier).every(
      ([name, value]) => Object.hasOwn(later as object, name) && continues(value, (later as never)[name]),
    );
  return Object.is(earlier, later);
}

describe('PartialJson', () => {
  it.each<[string, unknown[]]>([
    ['{"a":12,"b":"xy"}', [{}, { a: 12 }, { a: 12, b: '' }, { a: 12, b: 'x' }, { a: 12, b: 'xy' }]],
    ['[true, null ,[ ]]', [[], [true], [true, null], [true, null, []]]],
    ['"a\\n\\u00e9"', ['', 'a', 'a\n', 'a\né']],
    ['"\\ud83d\\ude00!"', ['', '😀', '😀!']],
    ['"\\ud83dx"', ['', '\ud83dx']],
    ['"\\ud83d\\n"', ['', '\ud83d\n']],
    ['{ "a\\"b" : {"__proto__":1}}', [{}, { 'a"b': {} }, { 'a"b': JSON.parse('{"__proto__":1}') }]],
    ['{"a":"b","c":"d"}', [{}, { a: '' }, { a: 'b' }, { a: 'b', c: '' }, { a: 'b', c: 'd' }]],
    ['["a", "b"]', [[], [''], ['a'], ['a', ''], ['a', 'b']]],
    ['12', []],
    ['-1.5e3 ', [-1500]],
  ])('%s', (text, values) => {
    expect(valuesOf(text)).toEqual(values);
  });

  it('gives a growing value, however a text is cut into pieces, and in the end what JSON.parse gives', () => {
    const document = {
      name: 'Ada "Countess" \\ Lovelace\n',
      'a, key: {"b"': [1, -2.5, 1e21, true, false, null, '', [], {}, [[{}]], { x: { y: [{ z: '😀é' }] } }],
      next: { choices: ['yes', 'no'], none: null },
    };
    for (const text of [JSON.stringify(document), JSON.stringify(document, null, 2)])
      for (const size of [1, 2, 3, 7, 50]) {
        const partial = new PartialJson();
        let last: unknown;
        for (let at = 0; at < text.length; at += size) {
          const value = partial.push(text.slice(at, at + size));
          if (last !== undefined) expect(continues(last, value)).toBe(true);
          last = value;
        }
        expect(last).toEqual(document);
      }
  });
});
