import { ParameterError, UnknownOptionError } from '@tokenwright/core';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  GrammarError,
  type JsonSchemaOptions,
  jsonSchema,
  type Schema,
  UnsatisfiableSchemaError,
  UnsupportedSchemaError,
} from './index.ts';
import { accepts } from './testing/accepts.ts';

/** Texts that must be accepted, and texts that must not be. */
type Case = readonly [schema: Schema, good: readonly string[], bad: readonly string[], options?: JsonSchemaOptions];

const cases: { readonly [name: string]: readonly Case[] } = {
  types: [
    [true, ['null', '1.5e-3', '"\\ud83d\\ude00"', '[1,{"a":[]}]', '{}'], ['', 'nul', '01', '[1,]', '{"a"}']],
    [{ type: 'integer' }, ['0', '-12'], ['1.5', '-', '1e3', '"1"']],
    [{ type: ['string', 'null'] }, ['"x"', 'null', '"\\u00e9\\n"'], ['1', '"\n"', '"\\x"']],
    [{ type: 'boolean' }, ['true', 'false'], ['True', '0']],
  ],
  'const and enum': [
    [{ const: { a: [1, 'x'], b: null } }, ['{"a":[1,"x"],"b":null}'], ['{"a":[1,"x"]}', '{"a":[1,"y"],"b":null}']],
    [{ enum: ['a', 'ab', 1, null, 'é"'] }, ['"a"', '"ab"', '1', 'null', '"é\\""'], ['"b"', '2', '"\\u0061"']],
    [{ const: 1.5 }, ['1.5'], ['1', '1.50', '15e-1']],
  ],
  numbers: [
    [{ type: 'integer', minimum: -5, maximum: 120 }, ['-5', '0', '99', '120'], ['-6', '121', '1000', '5.5']],
    [
      { type: 'number', minimum: 0.25, exclusiveMaximum: 10 },
      ['0.25', '0.3', '9.999', '1'],
      ['0.2499', '0', '10', '10.0', '-1'],
    ],
    [{ type: 'number', exclusiveMinimum: -1.5, maximum: -0.5 }, ['-1.4', '-0.5', '-1'], ['-1.5', '-0.4', '0', '1']],
    [{ type: 'integer', maximum: 2 ** 63 }, ['9223372036854775807'], ['9223372036854776000']],
    [{ type: 'integer', multipleOf: 7 }, ['0', '14', '-21'], ['1', '15']],
    [{ type: 'number', multipleOf: 0.25 }, ['0.5', '1.75', '2', '0.500'], ['0.1', '0.3']],
    [{ type: 'number', minimum: 5, exclusiveMinimum: true } as Schema, ['5.1', '6'], ['5', '4']],
  ],
  strings: [
    [{ type: 'string', minLength: 2, maxLength: 3 }, ['"ab"', '"😀é"', '"\\n\\u0041b"'], ['"a"', '"abcd"', '""']],
    [{ type: 'string', pattern: '^[a-z]+$', maxLength: 4 }, ['"abcd"'], ['"abcde"', '"aB"', '""']],
    [{ type: 'string', pattern: 'b' }, ['"abc"', '"b"'], ['"ac"']],
    [{ type: 'string', pattern: '^"\\\\$' }, ['"\\"\\\\"'], ['"x"']],
    [{ type: 'string', format: 'date-time' }, ['"2024-02-29T12:00:00Z"'], ['"2023-02-29T12:00:00Z"', '"2024-02-29"']],
    [{ type: 'string', format: 'uuid' }, ['"123e4567-e89b-12d3-a456-426614174000"'], ['"123e4567"']],
    [{ type: 'string', format: 'ipv4' }, ['"127.0.0.1"'], ['"256.0.0.1"', '"1.2.3"']],
    [{ type: 'string', format: 'email' }, ['"joe@example.com"'], ['"joe"']],
    [{ type: 'string', format: 'license-plate' }, ['"anything"'], ['1']],
    [{ type: 'string', format: 'date' }, ['"anything"'], ['1'], { assertFormats: false }],
  ],
  objects: [
    [
      { properties: { a: { type: 'integer' }, b: true }, required: ['a'], additionalProperties: false, type: 'object' },
      ['{"a":1}', '{"a":1,"b":[]}', '{ "a" : 1 }'],
      ['{}', '{"b":1}', '{"a":"x"}', '{"a":1,"c":1}', '{"b":1,"a":1}'],
    ],
    [
      { properties: { a: true, b: true }, type: 'object' },
      ['{"b":1,"x":2,"a":1}', '{"x":1,"b":2}'],
      ['{"a":1,"a":2}'],
      { propertyOrder: 'any' },
    ],
    [
      { type: 'object', properties: { a: { type: 'integer' } }, additionalProperties: { type: 'string' } },
      ['{"a":1,"b":"x"}'],
      ['{"b":1}', '{"\\u0061":"x"}', '{"a":"x"}'],
    ],
    [
      {
        type: 'object',
        patternProperties: { '^x-': { type: 'integer' }, y$: { minimum: 5 } },
        additionalProperties: false,
      },
      ['{"x-a":1}', '{"x-y":7,"y":"s"}'],
      ['{"x-y":3}', '{"z":1}', '{"x-a":"s"}'],
    ],
    [{ type: 'object', propertyNames: { maxLength: 2 } }, ['{"ab":1}'], ['{"abc":1}']],
    [
      { type: 'object', minProperties: 2, maxProperties: 3 },
      ['{"a":1,"b":2}'],
      ['{"a":1}', '{"a":1,"a":2}', '{"a":1,"b":2,"c":3,"d":4}'],
    ],
    [
      {
        type: 'object',
        properties: { a: true, b: true, c: true },
        dependentRequired: { a: ['c'] },
        additionalProperties: false,
      },
      ['{}', '{"b":1}', '{"a":1,"b":2,"c":3}'],
      ['{"a":1}', '{"a":1,"b":1}'],
    ],
    [
      { type: 'object', properties: { a: true }, dependentSchemas: { a: { required: ['b'] } } },
      ['{"a":1,"b":2}', '{"c":1}'],
      ['{"a":1}'],
    ],
  ],
  arrays: [
    [
      { type: 'array', items: { type: 'integer' }, minItems: 1, maxItems: 2 },
      ['[1]', '[ 1 , 2 ]'],
      ['[]', '[1,2,3]', '["a"]'],
    ],
    [
      { type: 'array', prefixItems: [{ const: 1 }, { const: 2 }], items: false },
      ['[]', '[1]', '[1,2]'],
      ['[2]', '[1,2,3]'],
    ],
    [{ type: 'array', items: [{ const: 1 }], additionalItems: { const: 2 } } as Schema, ['[1,2,2]'], ['[1,1]']],
    [
      { type: 'array', contains: { const: 'x' }, minContains: 2, maxContains: 2 },
      ['["x",1,"x"]'],
      ['["x"]', '["x","x","x"]'],
    ],
    [
      { type: 'array', uniqueItems: true },
      ['[1,"1",[1],{"a":1,"b":2}]'],
      ['[1,1]', '["a","\\u0061"]', '[1,1.0]', '[{"a":1,"b":2},{"b":2,"a":1}]'],
    ],
    [{ type: 'array', items: { enum: ['a', 'b'] }, uniqueItems: true }, ['["a","b"]', '["b"]'], ['["a","a"]']],
  ],
  applicators: [
    [{ anyOf: [{ type: 'integer' }, { type: 'string', maxLength: 1 }] }, ['1', '"a"'], ['"ab"', 'null']],
    [{ allOf: [{ minimum: 3 }, { maximum: 5 }], type: 'integer' }, ['3', '5'], ['2', '6']],
    [
      {
        oneOf: [
          { type: 'integer', minimum: 2 },
          { type: 'integer', maximum: 5 },
        ],
      },
      ['1', '6'],
      ['3', '2', '5'],
    ],
    [
      {
        oneOf: [
          { type: 'integer', minimum: 2 },
          { type: 'integer', maximum: 5 },
        ],
      },
      ['1', '3'],
      [],
      { coerceOneOf: true },
    ],
    [{ not: { enum: ['a', 1] } }, ['"b"', '2', 'null'], ['"a"', '1', '1.0']],
    [{ type: 'object', not: { required: ['a', 'b'] } }, ['{"a":1}', '{}'], ['{"a":1,"b":2}']],
    [
      {
        type: 'object',
        properties: { kind: { enum: ['x', 'y'] }, value: true },
        required: ['kind', 'value'],
        if: { properties: { kind: { const: 'x' } } },
        // biome-ignore lint/suspicious/noThenProperty: a keyword of JSON Schema
        then: { properties: { value: { type: 'integer' } } },
        else: { properties: { value: { type: 'string' } } },
      },
      ['{"kind":"x","value":1}', '{"kind":"y","value":"s"}'],
      ['{"kind":"x","value":"s"}', '{"kind":"y","value":1}'],
    ],
    [
      {
        properties: { a: true },
        anyOf: [{ properties: { b: true }, required: ['b'] }, true],
        unevaluatedProperties: false,
        type: 'object',
      },
      ['{"a":1,"b":2}', '{"a":1}'],
      ['{"a":1,"c":2}'],
    ],
  ],
  references: [
    [
      {
        $defs: {
          node: { type: 'object', properties: { next: { $ref: '#/$defs/node' } }, additionalProperties: false },
        },
        $ref: '#/$defs/node',
      },
      ['{}', '{"next":{"next":{}}}'],
      ['{"next":1}', '{"x":{}}'],
    ],
    [
      { $defs: { a: { $anchor: 'here', type: 'integer' } }, items: { $ref: '#here' }, type: 'array' },
      ['[1]'],
      ['["a"]'],
    ],
    [
      { $ref: 'https://example.com/a.json#/definitions/b' },
      ['1'],
      ['"a"'],
      { schemas: { 'https://example.com/a.json': { definitions: { b: { type: 'integer' } } } } },
    ],
    [{ $ref: '#/definitions/a', minimum: 5, definitions: { a: { type: 'integer' } } }, ['1'], ['"a"'], { draft: '7' }],
  ],
  layout: [
    [{ type: 'array', items: { type: 'integer' } }, ['[1,2]'], ['[1, 2]', '[ 1]'], { whitespaceFlexible: false }],
    [
      { type: 'object', properties: { a: true, b: true } },
      ['{"a": 1, "b": 2}'],
      ['{"a":1,"b":2}'],
      { whitespaceFlexible: false, itemSeparator: ', ', keySeparator: ': ' },
    ],
    [
      { type: 'array' },
      ['[]', '[ ]', '[\n]', '[\r\n\t]', `[\n\n${' '.repeat(20)}]`],
      ['[  ]', '[\n\n\n]', `[\n${' '.repeat(21)}]`, ' []', '[] '],
    ],
    [{ type: 'array' }, ['[]', '[\n]'], ['[ ]'], { whitespacePattern: '\\n?' }],
  ],
};

for (const [name, list] of Object.entries(cases))
  describe(name, () => {
    it.each(list.map((entry) => [entry[0], entry] as const))('%j', (_, [schema, good, bad, options]) => {
      const machine = jsonSchema(schema, options);
      for (const text of good) expect([text, accepts(machine, text)]).toEqual([text, true]);
      for (const text of bad) expect([text, accepts(machine, text)]).toEqual([text, false]);
    });
  });

describe('what cannot be used', () => {
  it.each<[Schema, new (...given: never[]) => Error, string]>([
    [{ properties: { a: { type: 'string', pattern: '(a)\\1' } } }, UnsupportedSchemaError, "#/properties/a: 'pattern'"],
    [{ $dynamicRef: '#a' }, UnsupportedSchemaError, "'$dynamicRef' is not supported"],
    [{ items: { $ref: '#/nowhere' } }, UnsupportedSchemaError, "refers to '#/nowhere'"],
    [{ not: { type: 'object', additionalProperties: false } }, UnsupportedSchemaError, "'not'"],
    [
      {
        oneOf: [
          { type: 'object', additionalProperties: false },
          { type: 'object', patternProperties: { a: false } },
        ],
      },
      UnsupportedSchemaError,
      'coerceOneOf',
    ],
    [{ type: 'string', format: 'idn-email' }, UnsupportedSchemaError, "'format' 'idn-email'"],
    [{ $ref: '#' }, UnsupportedSchemaError, 'leads back to itself'],
    [
      { allOf: [{ $ref: '#/$defs/a' }], $defs: { a: { allOf: [{ $ref: '#/$defs/a' }] } } },
      UnsupportedSchemaError,
      'leads back to itself',
    ],
    [false, UnsatisfiableSchemaError, 'no instance conforms'],
    [{ type: 'string', pattern: '^a$', minLength: 2 }, UnsatisfiableSchemaError, 'no instance conforms'],
    [
      { type: 'object', properties: { a: { $ref: '#' } }, required: ['a'] },
      UnsatisfiableSchemaError,
      'no instance conforms',
    ],
    [{ type: 'number', minimum: 3, maximum: 2 }, UnsatisfiableSchemaError, 'no instance conforms'],
    [{ type: 'text' }, GrammarError, "'type' must be one of"],
    [{ minLength: -1 }, GrammarError, "'minLength' must be an integer"],
  ])('%j', (schema, kind, message) => {
    expect(() => jsonSchema(schema)).toThrow(kind);
    expect(() => jsonSchema(schema)).toThrow(message);
  });

  it('is left out with lenient', () => {
    expect(accepts(jsonSchema({ type: 'string', pattern: '(a)\\1' }, { lenient: true }), '"b"')).toBe(true);
    expect(accepts(jsonSchema({ type: 'object', not: { additionalProperties: false } }, { lenient: true }), '{}')).toBe(
      true,
    );
  });

  it('is named when an option is wrong', () => {
    expect(() => jsonSchema(true, { whitespace: true } as never)).toThrow(UnknownOptionError);
    expect(() => jsonSchema(true, { propertyOrder: 'sorted' as never })).toThrow(ParameterError);
    expect(() => jsonSchema('{}' as never)).toThrow('a JSON Schema');
    const cyclic: { [name: string]: unknown } = {};
    cyclic.items = cyclic;
    expect(() => jsonSchema(cyclic)).toThrow('objects that contain themselves');
  });
});

/** Schemas with values that conform to them. */
const schemaAndValue = fc.letrec<{ pair: [Schema, unknown] }>((tie) => {
  const text = fc.string({ unit: fc.constantFrom('a', 'b', '"', '\\', 'é', '😀', '\n'), maxLength: 6 });
  const leaf = fc.oneof(
    fc
      .integer({ min: -1000, max: 1000 })
      .map((value): [Schema, unknown] => [{ type: 'integer', minimum: value - 3, maximum: value + 3 }, value]),
    fc
      .integer({ min: -5000, max: 5000 })
      .map((value): [Schema, unknown] => [
        { type: 'number', exclusiveMinimum: (value - 1) / 100, maximum: value / 100 },
        value / 100,
      ]),
    text.map((value): [Schema, unknown] => [
      { type: 'string', minLength: Math.max(0, [...value].length - 1), maxLength: [...value].length },
      value,
    ]),
    text.map((value): [Schema, unknown] => [{ enum: ['other', value] }, value]),
    text.map((value): [Schema, unknown] => [{ type: 'string', pattern: '^[ab"\\\\é😀\n]*$' }, value]),
    fc.constantFrom<[Schema, unknown]>(
      [{ type: ['null', 'boolean'] }, null],
      [true, { any: [1, 'x'] }],
      [{ const: [1, { a: 2 }] }, [1, { a: 2 }]],
    ),
  );
  const object = fc
    .tuple(
      fc.uniqueArray(fc.tuple(fc.constantFrom('a', 'b', 'ab', 'x-1', 'é"'), tie('pair')), {
        selector: ([name]) => name,
        maxLength: 4,
      }),
      fc.boolean(),
    )
    .map(([entries, closed]): [Schema, unknown] => [
      {
        type: 'object',
        properties: Object.fromEntries(entries.map(([name, [schema]]) => [name, schema])),
        required: entries.slice(0, 2).map(([name]) => name),
        ...(closed ? { additionalProperties: false } : {}),
      },
      Object.fromEntries(entries.map(([name, [, value]]) => [name, value])),
    ]);
  const array = fc
    .array(tie('pair'), { maxLength: 3 })
    .map((items): [Schema, unknown] => [
      { type: 'array', prefixItems: items.map(([schema]) => schema), items: false, minItems: items.length },
      items.map(([, value]) => value),
    ]);
  const either = fc
    .tuple(tie('pair'), tie('pair'))
    .map(([[a, value], [b]]): [Schema, unknown] => [{ anyOf: [b, a] }, value]);
  return { pair: fc.oneof({ maxDepth: 3, withCrossShrink: true }, leaf, object, array, either) };
}).pair;

describe('random schemas', () => {
  it('accept the values that conform to them', () => {
    fc.assert(
      fc.property(schemaAndValue, ([schema, value]) => {
        const machine = jsonSchema(schema, { propertyOrder: 'any' });
        expect(accepts(machine, JSON.stringify(value))).toBe(true);
        expect(accepts(machine, JSON.stringify(value, null, 2))).toBe(true);
      }),
      { numRuns: 150 },
    );
  });

  it('lead to values that conform to them again, whatever is chosen on the way', () => {
    fc.assert(
      fc.property(schemaAndValue, fc.infiniteStream(fc.nat({ max: 255 })), ([schema], bytes) => {
        const machine = jsonSchema(schema, { whitespaceFlexible: false });
        let state = machine.initial;
        const text: number[] = [];
        for (const wanted of bytes) {
          if (machine.accepting(state) && (text.length > 40 || wanted < 100)) break;
          // The first byte from the wanted on that fits; later, the first that brings the text to its end.
          const order = Array.from({ length: 256 }, (_, i) =>
            text.length > 60 ? (i + 0x22) % 256 : (i + wanted) % 256,
          );
          const byte = order.find((one) => machine.step(state, one) !== undefined);
          if (byte === undefined && machine.accepting(state)) break;
          // No dead ends.
          expect(byte).toBeDefined();
          text.push(byte!);
          state = machine.step(state, byte!)!;
          if (text.length > 400) return;
        }
        const json = new TextDecoder().decode(Uint8Array.from(text));
        // JavaScript would round these digits.
        if (/[0-9.]{12}/.test(json)) return;
        const value: unknown = JSON.parse(json);
        expect(accepts(jsonSchema(schema, { propertyOrder: 'any' }), JSON.stringify(value))).toBe(true);
      }),
      { numRuns: 150 },
    );
  });
});
