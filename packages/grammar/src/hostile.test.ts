import { describe, expect, it } from 'vitest';
import {
  type Automaton,
  createVocabulary,
  GrammarLimitError,
  gbnf,
  jsonSchema,
  type Machine,
  regularExpression,
  type Schema,
  tokenMasks,
  triggered,
} from './index.ts';
import { accepts } from './testing/accepts.ts';

/** Milliseconds of processor time. Generous, because machines differ: nothing here takes a tenth of it. */
const patience = 30_000;

function spent(): number {
  const { user, system } = process.cpuUsage();
  return (user + system) / 1000;
}
/** No machine keeps more parts between two steps, by the limits in machine.ts and what one step makes. */
const mostKept = 60_000 + 20_000;

const encoder = new TextEncoder();

function nested(depth: number, wrap: (inner: Schema, level: number) => Schema): Schema {
  let schema: Schema = { type: 'integer' };
  for (let level = 0; level < depth; level++) schema = wrap(schema, level);
  return schema;
}

describe('a hostile schema is refused with a typed error', () => {
  const letters = Array.from({ length: 12 }, (_, i) => String.fromCharCode(97 + i));
  it.each<[string, () => unknown]>([
    ['deep nesting', () => jsonSchema(nested(20_000, (inner) => ({ items: inner })))],
    ['deep nesting of allOf', () => jsonSchema(nested(5000, (inner) => ({ allOf: [inner, true] })))],
    [
      'a long chain of references',
      () =>
        jsonSchema({
          $ref: '#/$defs/s0',
          $defs: Object.fromEntries(
            Array.from({ length: 20_000 }, (_, i) => [
              `s${i}`,
              i === 19_999 ? { type: 'null' } : { $ref: `#/$defs/s${i + 1}` },
            ]),
          ),
        }),
    ],
    [
      'a product of anyOf',
      () =>
        jsonSchema({
          type: 'object',
          allOf: Array.from({ length: 30 }, (_, i) => ({ anyOf: [{ required: [`a${i}`] }, { required: [`b${i}`] }] })),
        }),
    ],
    [
      'a product of arrays',
      () =>
        jsonSchema({
          allOf: Array.from({ length: 20 }, (_, i) => ({
            type: 'array',
            anyOf: [{ contains: { const: i } }, { minItems: i }],
          })),
        }),
    ],
    ['an enum of many objects', () => jsonSchema({ enum: Array.from({ length: 5000 }, (_, i) => ({ id: i })) })],
    [
      'many overlapping patterns of names',
      () =>
        jsonSchema({
          type: 'object',
          patternProperties: Object.fromEntries(letters.map((letter) => [letter, { minimum: 1 }])),
        }),
    ],
    [
      'look-ahead that multiplies states',
      () => jsonSchema({ type: 'string', pattern: '^(?=.*a.{30}b)(?=.*c.{30}d)(?!.*e.{30}f).*g.{25}$' }),
    ],
    ['a very long string', () => jsonSchema({ type: 'string', minLength: 10_000_000 })],
    ['a very long pattern', () => regularExpression('a'.repeat(100_000))],
  ])('%s', (_, compile) => {
    const start = spent();
    expect(compile).toThrow(GrammarLimitError);
    expect(spent() - start).toBeLessThan(patience);
  });
});

describe('a large schema is compiled', () => {
  it.each<[string, Schema, string]>([
    ['10,000 texts', { enum: Array.from({ length: 10_000 }, (_, i) => `value ${i}`) }, '"value 9999"'],
    [
      '1,000 properties',
      {
        type: 'object',
        properties: Object.fromEntries(Array.from({ length: 1000 }, (_, i) => [`p${i}`, { type: 'integer' }])),
        additionalProperties: false,
      },
      '{"p0":1,"p999":2}',
    ],
    ['400 levels', nested(400, (inner) => ({ type: 'array', items: inner })), `${'['.repeat(400)}${']'.repeat(400)}`],
  ])('%s', (_, schema, text) => {
    const start = spent();
    expect(accepts(jsonSchema(schema), text)).toBe(true);
    expect(spent() - start).toBeLessThan(patience);
  });
});

/** Step through a text, and look at what is kept on the way. */
function walk(machine: Machine, bytes: Iterable<number>): { readonly most: number; readonly accepted: boolean } {
  let state: ReturnType<Machine['step']> = machine.initial;
  let most = 0;
  let count = 0;
  for (const byte of bytes) {
    if (state === undefined) break;
    state = machine.step(state, byte);
    if (count++ % 64 === 0) most = Math.max(most, machine.kept);
  }
  return { most, accepted: state !== undefined && machine.accepting(state) };
}

/** Bytes of 'a' and 'b', as from a coin. */
function* coins(count: number): Generator<number> {
  for (let i = 0, x = 12345; i < count; i++) {
    x = (Math.imul(x, 1103515245) + 12345) >>> 0;
    yield 97 + ((x >>> 16) & 1);
  }
}

describe('what a machine keeps is bounded while it reads', () => {
  it('a pattern with a million states', () => {
    const machine = regularExpression('(a|b)*a(a|b){20}');
    const start = spent();
    const { most } = walk(machine, coins(15_000));
    expect(most).toBeGreaterThan(30_000);
    expect(most).toBeLessThan(mostKept);
    expect(spent() - start).toBeLessThan(patience);
    // What was dropped is found again.
    expect(accepts(machine, `a${'b'.repeat(20)}`)).toBe(true);
    expect(accepts(machine, `b${'b'.repeat(20)}`)).toBe(false);
  });

  it('a counter of every length', () => {
    const machine = jsonSchema({ type: 'string', pattern: '^a{1000,6000}$' });
    const { most, accepted } = walk(machine, encoder.encode(`"${'a'.repeat(5999)}"`));
    expect(accepted).toBe(true);
    expect(most).toBeLessThan(mostKept);
  });

  it('a text of 12,000 brackets', () => {
    const machine = jsonSchema({ $defs: { a: { type: 'array', items: { $ref: '#/$defs/a' } } }, $ref: '#/$defs/a' });
    const { most, accepted } = walk(machine, encoder.encode('['.repeat(6000) + ']'.repeat(6000)));
    expect(accepted).toBe(true);
    expect(most).toBeLessThan(mostKept);
  });

  it('unique items, which are remembered', () => {
    const machine = jsonSchema({ type: 'array', items: { type: 'integer' }, uniqueItems: true });
    const start = spent();
    const items = Array.from({ length: 300 }, (_, i) => i * 7);
    const { most } = walk(machine, encoder.encode(JSON.stringify(items)));
    expect(most).toBeLessThan(mostKept);
    expect(accepts(machine, JSON.stringify([...items.slice(0, 50), 7]))).toBe(false);
    expect(spent() - start).toBeLessThan(patience);
  });

  it('names, which are remembered', () => {
    const machine = jsonSchema({ type: 'object', minProperties: 100 }, { whitespaceFlexible: false });
    const object = Object.fromEntries(Array.from({ length: 100 }, (_, i) => [`name ${i}`, i]));
    const { most, accepted } = walk(machine, encoder.encode(JSON.stringify(object)));
    expect(accepted).toBe(true);
    expect(most).toBeLessThan(mostKept);
  });

  it('many texts with one machine', () => {
    const machine = jsonSchema({ type: 'array', items: { type: 'string' }, uniqueItems: true });
    let most = 0;
    for (let text = 0; text < 12; text++) {
      const items = Array.from({ length: 20 }, (_, i) => `text ${text} with an item of its own ${i * text}`);
      const { most: kept } = walk(machine, encoder.encode(JSON.stringify([...new Set(items)])));
      most = Math.max(most, kept);
    }
    expect(most).toBeLessThan(mostKept);
  });
});

describe('a text that costs too much ends in a typed error', () => {
  it.each<[string, Machine, string]>([
    ['readings that multiply', gbnf('root ::= "a" root "b" | "a" root "c" | "a"'), 'a'.repeat(40)],
    [
      'a long item among unique items',
      jsonSchema({ type: 'array', items: { type: 'string' }, uniqueItems: true }),
      `["${'x'.repeat(100_000)}"`,
    ],
    [
      'unique items without end',
      jsonSchema({ type: 'array', items: { type: 'string' }, uniqueItems: true }, { whitespaceFlexible: false }),
      JSON.stringify(Array.from({ length: 400 }, (_, i) => `${'y'.repeat(100)}${i}`)),
    ],
  ])('%s', (_, machine, text) => {
    const start = spent();
    expect(() => accepts(machine, text)).toThrow(GrammarLimitError);
    expect(spent() - start).toBeLessThan(patience);
    // The machine can still be used.
    expect(machine.initial).toBe(machine.initial);
  });
});

describe('masks', () => {
  const tokens = ['a', 'b', 'ab', 'ba', '"', '[', ']', ',', '",', 'aab', '"a', 'a"', '","'].map((text) =>
    encoder.encode(text),
  );
  const vocabulary = createVocabulary(tokens);

  /** Take the tokens of the mask in turn. */
  function follow(automaton: Machine, steps: number): number {
    const masks = tokenMasks(automaton as Automaton<unknown>, vocabulary);
    let state: unknown = automaton.initial;
    let most = 0;
    for (let step = 0; step < steps; step++) {
      const mask = masks(state)[0]!;
      const allowed = tokens.flatMap((_, id) => ((mask >>> id) & 1 ? [id] : []));
      if (allowed.length === 0) break;
      const plain = allowed.filter((id) => id < 4);
      const from = plain.length > 0 && step % 9 !== 8 ? plain : allowed;
      for (const byte of tokens[from[(step * step + step) % from.length]!]!)
        state = (automaton as Automaton<unknown>).step(state, byte)!;
      if (step % 16 === 0) most = Math.max(most, automaton.kept);
    }
    return most;
  }

  it.each<[string, Machine, number]>([
    ['of a pattern with a million states', regularExpression('(a|b)*a(a|b){20}'), 1500],
    [
      'of unique items',
      jsonSchema({ type: 'array', items: { pattern: '^[ab]*$', type: 'string' }, uniqueItems: true }),
      600,
    ],
    [
      'in free text with triggers',
      triggered({
        triggers: ['[[', 'bbb'],
        tags: [
          { begin: '[[', content: regularExpression('a*'), end: ']]' },
          { begin: 'bbb', content: regularExpression('(a|b){0,9}'), end: '"' },
        ],
      }),
      1000,
    ],
  ])('%s keep what is kept bounded', (_, machine, steps) => {
    const start = spent();
    expect(follow(machine, steps)).toBeLessThan(mostKept);
    expect(spent() - start).toBeLessThan(patience);
  });
});
