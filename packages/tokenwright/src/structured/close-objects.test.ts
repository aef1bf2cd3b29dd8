import { expect, it } from 'vitest';
import { closeObjects } from './close-objects.ts';

const open = (...names: string[]) => ({
  type: 'object',
  properties: Object.fromEntries(names.map((name) => [name, { type: 'string' }])),
});
const closed = (...names: string[]) => ({ ...open(...names), additionalProperties: false });

it.each<[string, Record<string, unknown>, Record<string, unknown>]>([
  ['an object', open('a'), closed('a')],
  ['an object without properties', { type: 'object', properties: {} }, closed()],
  ['any object', { type: 'object' }, { type: 'object' }],
  [
    'one that says what else may be',
    { ...open('a'), additionalProperties: {} },
    { ...open('a'), additionalProperties: {} },
  ],
  [
    'objects in objects and lists',
    { properties: { a: { items: open('b') } } },
    {
      properties: { a: { items: closed('b') } },
      additionalProperties: false,
    },
  ],
  [
    'a property named properties',
    { properties: { properties: open('a') } },
    {
      properties: { properties: closed('a') },
      additionalProperties: false,
    },
  ],
  [
    'each form of a union',
    { anyOf: [open('a'), { type: 'null' }, open('b')] },
    {
      anyOf: [closed('a'), { type: 'null' }, closed('b')],
    },
  ],
  [
    'an intersection as a whole',
    { allOf: [open('a'), { anyOf: [open('b'), open('c')] }] },
    {
      allOf: [open('a'), { anyOf: [open('b'), open('c')] }],
      unevaluatedProperties: false,
    },
  ],
  [
    'objects inside of a part',
    { allOf: [{ properties: { a: open('b') } }, open('c')] },
    {
      allOf: [{ properties: { a: closed('b') } }, open('c')],
      unevaluatedProperties: false,
    },
  ],
  [
    'an object with forms beside its properties',
    { ...open('a'), anyOf: [open('b'), open('c')] },
    {
      ...open('a'),
      anyOf: [open('b'), open('c')],
      unevaluatedProperties: false,
    },
  ],
  [
    'parts by reference',
    { allOf: [{ $ref: '#/$defs/x~1y' }, open('b')], $defs: { 'x/y': open('a'), z: open('z') } },
    {
      allOf: [{ $ref: '#/$defs/x~1y' }, open('b')],
      $defs: { 'x/y': open('a'), z: closed('z') },
      unevaluatedProperties: false,
    },
  ],
  ['a recursive schema', { ...open('a'), items: { $ref: '#' } }, { ...closed('a'), items: { $ref: '#' } }],
  ['data that looks like a schema', { const: open('a') }, { const: open('a') }],
])('%s', (_, schema, expected) => {
  const before = structuredClone(schema);
  expect(closeObjects(schema)).toEqual(expected);
  expect(schema).toEqual(before);
});
