import { LoadError } from '@tokenwright/core';
import { describe, expect, it } from 'vitest';
import { bytesSource } from './byte-source.ts';
import { formatJson, parseJsonObject, readJson } from './json.ts';

const parse = (text: string): unknown => parseJsonObject('config.json', text);

describe('parseJsonObject', () => {
  it('reads the numbers that only Python writes', () => {
    expect(parse('{"a": NaN, "b": [Infinity, -Infinity], "c": {"d":Infinity}}')).toEqual({
      a: Number.NaN,
      b: [Infinity, -Infinity],
      c: { d: Infinity },
    });
  });

  it('leaves the words alone in strings and keys', () => {
    const text = '{"NaN": "Infinity", "q\\"NaN": "-Infinity \\\\", "x": NaN}';
    expect(parse(text)).toEqual({ NaN: 'Infinity', 'q"NaN': '-Infinity \\', x: Number.NaN });
  });

  it.each([
    '{"a": 1Infinity}',
    '{"a": Infinity5}',
    '{"a": -NaN}',
    '{"a": xNaN}',
    '{"a": NaN.5}',
    '{Infinity: 1}',
    '{"a": infinity}',
    '{"a": +Infinity}',
  ])('refuses %s', (text) => {
    expect(() => parse(text)).toThrow('config.json: is not valid JSON');
  });

  it('keeps a key named __proto__ as a key', () => {
    for (const text of ['{"__proto__": {"a": 1}}', '{"__proto__": {"a": 1}, "b": NaN}']) {
      const value = parse(text) as Record<string, unknown>;
      expect(Object.keys(value)[0]).toBe('__proto__');
      expect(Object.getPrototypeOf(value)).toBe(Object.prototype);
      expect('a' in value).toBe(false);
    }
  });

  it('refuses texts of brackets before it builds anything of them', () => {
    const before = process.memoryUsage().rss;
    const wide = `{"a":[${'{},'.repeat(6_000_000)}{}]}`;
    const keys = `{${Array.from({ length: 1000 }, (_, i) => `"${i}":[${'[],'.repeat(6000)}[]]`).join(',')}}`;
    for (const text of [wide, keys])
      expect(() => parse(text)).toThrow('config.json: has more than 3000000 objects, arrays and keys');
    for (const [open, close] of [
      ['{"a":', '}'],
      ['[', ']'],
      ['{', ''],
    ] as const)
      expect(() => parse(open.repeat(1_000_000) + close.repeat(1_000_000))).toThrow('is nested more than 200 deep');
    expect(process.memoryUsage().rss - before).toBeLessThan(400e6);
  });

  it('refuses a text full of constants', () => {
    expect(() => parse(`{"a":[${'NaN,'.repeat(20_000)}0]}`)).toThrow('values that are NaN or Infinity');
  });
});

describe('readJson', () => {
  it('refuses a file that is larger than its kind, without reading it', async () => {
    const file = { name: 'config.json', size: 11, read: () => Promise.reject(new Error('was read')) };
    await expect(readJson(file, 10)).rejects.toThrow(LoadError);
    expect(await readJson(bytesSource(new TextEncoder().encode('{"a": 1}')), 10)).toEqual({ a: 1 });
  });
});

it('formatJson writes what parseJsonObject reads', () => {
  const value = { a: [Infinity, -Infinity, 0.5], b: { c: Number.NaN }, d: 'Infinity "NaN"' };
  expect(parse(formatJson(value))).toEqual(value);
  expect(formatJson({ a: Infinity })).toBe('{\n  "a": Infinity\n}');
});
