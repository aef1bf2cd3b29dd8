import { describe, expect, it } from 'vitest';
import { GrammarLimitError, jsonSchema, type Schema, UnsupportedSchemaError } from '../index.ts';
import { accepts } from '../testing/accepts.ts';

type Keywords = Exclude<Schema, boolean>;

function object(properties: { readonly [name: string]: Schema }, others: Keywords = {}): Keywords {
  return { type: 'object', properties, required: Object.keys(properties), additionalProperties: false, ...others };
}

function nested(levels: number): Schema {
  return levels === 1 ? object({ a: { type: 'integer' } }) : object({ a: nested(levels - 1) });
}

const many = (count: number, length = 1): string[] =>
  Array.from({ length: count }, (_, i) => String(i).padStart(length, 'x'));
const named = (names: readonly string[]): Schema =>
  object(Object.fromEntries(names.map((name) => [name, { type: 'integer' }])));

describe('strict', () => {
  it('takes what OpenAI takes', () => {
    const machine = jsonSchema(
      object(
        {
          name: { type: 'string', pattern: '^[a-z]+$' },
          age: { type: ['integer', 'null'], minimum: 0 },
          next: { anyOf: [{ $ref: '#' }, { $ref: '#/$defs/end' }] },
          tags: { type: 'array', items: { enum: ['x', 'y'] }, maxItems: 2 },
        },
        { $defs: { end: { type: 'null' } }, title: 'Person' },
      ),
      { strict: true },
    );
    expect(
      accepts(machine, '{"name":"a","age":null,"next":{"name":"b","age":1,"next":null,"tags":[]},"tags":["x"]}'),
    ).toBe(true);
    expect(accepts(machine, '{"name":"a","age":null}')).toBe(false);
    expect(() => jsonSchema(nested(10), { strict: true })).not.toThrow();
    expect(() => jsonSchema({ type: 'string' }, { strict: false })).not.toThrow();
  });

  it.each<[string, Schema, string, string]>([
    ['a text', { type: 'string' }, 'type', '#'],
    ['any value', true, 'type', '#'],
    ['a union at the root', { anyOf: [object({})] }, 'anyOf', '#'],
    ['an open object', { ...object({ a: true }), additionalProperties: undefined }, 'additionalProperties', '#'],
    [
      'an inner open object',
      object({ a: { type: 'object', properties: {} } }),
      'additionalProperties',
      '#/properties/a',
    ],
    [
      'an optional property',
      object({ a: { type: 'null' }, 'b/c': { type: 'null' } }, { required: ['a'] }),
      'required',
      '#',
    ],
    ['allOf', object({ a: { allOf: [{ type: 'null' }] } }), 'allOf', '#/properties/a'],
    [
      'oneOf in a list',
      object({ 'a/b': { type: 'array', items: { oneOf: [{}] } } }),
      'oneOf',
      '#/properties/a~1b/items',
    ],
    ['not in a definition', object({}, { $defs: { d: { not: {} } } }), 'not', '#/$defs/d'],
    [
      'uniqueItems',
      object({ a: { anyOf: [{ type: 'array', uniqueItems: true }] } }),
      'uniqueItems',
      '#/properties/a/anyOf/0',
    ],
    ['another format', object({ a: { type: 'string', format: 'uri' } }), 'format', '#/properties/a'],
    ['a boolean schema inside', object({ a: true }), 'schema', '#/properties/a'],
  ])('refuses %s', (_, schema, keyword, pointer) => {
    const compile = (): unknown => jsonSchema(schema, { strict: true });
    expect(compile).toThrow(UnsupportedSchemaError);
    expect(compile).toThrow(expect.objectContaining({ keyword, pointer }));
  });

  it.each<[string, Schema]>([
    ['11 objects inside each other', nested(11)],
    ['5,001 properties', named(many(5001))],
    ['120,001 characters in names', named(many(3001, 40))],
    ['1,001 values of enums', object({ a: { enum: many(501) }, b: { enum: many(500) } })],
    ['a long enum of long texts', object({ a: { enum: many(251, 60) } })],
  ])('refuses %s', (_, schema) => {
    expect(() => jsonSchema(schema, { strict: true })).toThrow(GrammarLimitError);
  });
});
