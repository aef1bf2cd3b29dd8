import { temperature } from '@tokenwright/samplers';
import { toStandardJsonSchema } from '@valibot/to-json-schema';
import { type } from 'arktype';
import * as v from 'valibot';
import { afterAll, beforeAll, describe, expect, expectTypeOf, it } from 'vitest';
import { z } from 'zod';
import { z as z3 } from 'zod/v3';
import {
  type CallOptions,
  type ChatMessage,
  type DeepPartial,
  type LocalModel,
  languageModel,
  ParameterError,
  SchemaValidationError,
  UnknownOptionError,
} from './index.ts';

const prompt = 'A person: ';
/** Short, since the story model knows no JSON. */
const person = z.object({
  name: z.string().max(12),
  age: z.number().int().min(0).max(120),
  tags: z.array(z.enum(['red', 'blue'])).max(2),
});
const plainPerson = {
  type: 'object',
  properties: { name: { type: 'string', maxLength: 12 }, age: { type: 'integer', minimum: 0, maximum: 120 } },
  required: ['name', 'age'],
  additionalProperties: false,
};
let lm: LocalModel;
const notices: string[] = [];

beforeAll(async () => {
  lm = await languageModel('story', { threads: 1, onNotice: (notice) => notices.push(notice) });
});
afterAll(() => lm.dispose());

describe('a schema gives a typed object', () => {
  it('of Zod', async () => {
    const { object, text, finishReason } = await lm.generate(prompt, { schema: person, seed: 1 });
    expectTypeOf(object).toEqualTypeOf<{ name: string; age: number; tags: ('red' | 'blue')[] } | undefined>();
    expect(object).toEqual(JSON.parse(text));
    expect(person.safeParse(object).success).toBe(true);
    expect(finishReason).toBe('stop');
  });

  it('of Zod, after transforms and defaults', async () => {
    const schema = z.object({
      count: z
        .string()
        .regex(/^\d{1,3}$/)
        .transform(Number),
      unit: z.literal('kg').default('kg'),
    });
    const call = lm.generate('It weighs ', { schema, seed: 1 });
    let count: string | undefined;
    for await (const partial of call.partialObjects) count = partial.count;
    expect(count).toMatch(/^\d+$/);
    const { object } = await call;
    expectTypeOf(object).toEqualTypeOf<{ count: number; unit: 'kg' } | undefined>();
    expect(object).toEqual({ count: Number(count), unit: 'kg' });
  });

  it('of Valibot', async () => {
    const schema = v.object({
      name: v.pipe(v.string(), v.maxLength(12)),
      age: v.pipe(v.number(), v.integer(), v.maxValue(999)),
    });
    const { object } = await lm.generate(prompt, { schema: toStandardJsonSchema(schema), seed: 2, maxNewTokens: 80 });
    expectTypeOf(object).toEqualTypeOf<{ name: string; age: number } | undefined>();
    expect(v.is(schema, object)).toBe(true);
  });

  it('of ArkType', async () => {
    const schema = type({ name: 'string <= 12', 'color?': "'red' | 'blue'" });
    const { object } = await lm.generate(prompt, { schema, seed: 3, maxNewTokens: 80 });
    expectTypeOf(object).toEqualTypeOf<{ name: string; color?: 'red' | 'blue' } | undefined>();
    expect(schema.allows(object)).toBe(true);
  });

  it('of JSON Schema, typed by the caller', async () => {
    const { object } = await lm.generate<{ name: string; age: number }>(prompt, { schema: plainPerson, seed: 4 });
    expectTypeOf(object).toEqualTypeOf<{ name: string; age: number } | undefined>();
    expect(Object.keys(object!)).toEqual(['name', 'age']);
    expect(Number.isInteger(object!.age)).toBe(true);
    const untyped = await lm.generate(prompt, { schema: plainPerson, seed: 4 });
    expectTypeOf(untyped.object).toEqualTypeOf<unknown>();
    expect(untyped.object).toEqual(object);
  });

  it('of a recursive schema and of a union', async () => {
    const node = z.object({
      label: z.enum(['a', 'b']),
      get next() {
        return z.union([z.null(), node]);
      },
    });
    const { object } = await lm.generate('', { schema: node, seed: 5, temperature: 1.5 });
    expect(node.safeParse(object).success).toBe(true);
    const shape = z.discriminatedUnion('kind', [
      z.object({ kind: z.literal('circle'), radius: z.number().int().min(0).max(9) }),
      z.object({ kind: z.literal('square'), side: z.number().int().min(0).max(9) }),
    ]);
    const kinds = new Set<string>();
    for (let seed = 0; seed < 6; seed++)
      kinds.add((await lm.generate('', { schema: shape, seed, temperature: 3 })).object!.kind);
    expect([...kinds].sort()).toEqual(['circle', 'square']);
  });

  it('without properties that the schema does not name, also in an intersection', async () => {
    const both = toStandardJsonSchema(
      v.intersect([v.object({ a: v.picklist(['x', 'y']) }), v.object({ b: v.optional(v.boolean()) })]),
    );
    for (let seed = 0; seed < 4; seed++) {
      const { object } = await lm.generate('', { schema: both, seed, temperature: 2 });
      expect(['x', 'y']).toContain(object!.a);
      expect(Object.keys(object!).every((name) => ['a', 'b'].includes(name))).toBe(true);
    }
  });
});

describe('other forms', () => {
  it('a pattern', async () => {
    const { text, object } = await lm.generate('Born on ', { regex: /^\d{4}-\d\d-\d\d$/u, seed: 1 });
    expect(text).toMatch(/^\d{4}-\d\d-\d\d$/);
    expect(object).toBe(undefined);
    expect((await lm.generate('', { regex: '[ab]{3}', seed: 1 })).text).toMatch(/^[ab]{3}$/);
  });

  it('choices, which type the object', async () => {
    const { text, object } = await lm.generate('Yes or no? ', { choices: ['yes', 'no'], seed: 1 });
    expectTypeOf(object).toEqualTypeOf<'yes' | 'no' | undefined>();
    expect(['yes', 'no']).toContain(object);
    expect(text).toBe(object);
  });

  it('a grammar, as a text or as an automaton', async () => {
    const grammar = 'root ::= "(" [ab]{2} ")" | "-"';
    expect((await lm.generate('', { grammar, seed: 2 })).text).toMatch(/^(\([ab]{2}\)|-)$/);
    const { gbnf } = await import('./entries/grammar.ts');
    const automaton = gbnf(grammar);
    expect((await lm.generate('', { grammar: automaton, seed: 2 })).text).toBe(
      (await lm.generate('', { grammar, seed: 2 })).text,
    );
  });

  it('at most one of them', async () => {
    const call = lm.generate('', { regex: /a/, choices: ['a'] });
    await expect(call).rejects.toThrow(/choices must be left out when regex is given/);
    await expect(lm.generate('', { schemaOptions: {} })).rejects.toThrow(
      /schemaOptions must be left out without a schema/,
    );
  });
});

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

describe('partialObjects', () => {
  it.each(['generate', 'stream'] as const)('of lm.%s grow to the object', async (method) => {
    const call = lm[method](prompt, { schema: person, seed: 6 });
    const partials: DeepPartial<z.infer<typeof person>>[] = [];
    for await (const partial of call.partialObjects) {
      expectTypeOf(partial.name).toEqualTypeOf<string | undefined>();
      expect(continues(partials.at(-1) ?? {}, partial)).toBe(true);
      expect(partial).not.toEqual(partials.at(-1));
      partials.push(partial);
    }
    const { object } = await call.result;
    expect(partials[0]).toEqual({});
    expect(partials.at(-1)).toEqual(object);
    expect(partials.length).toBeGreaterThan(4);
  });

  it('end the call when the reader leaves', async () => {
    const call = lm.generate(prompt, { schema: person, seed: 6 });
    for await (const partial of call.partialObjects) if (partial.name !== undefined) break;
    const { finishReason, object, text } = await call;
    expect(finishReason).toBe('abort');
    expect(object).toBe(undefined);
    expect(text).toMatch(/^\{ ?"name"/);
  });

  it('need a schema, and take the place of the pieces', async () => {
    await expect(lm.generate('A', { maxNewTokens: 2 }).partialObjects.next()).rejects.toThrow(
      /partialObjects: schema must be an option of the call/,
    );
    const call = lm.generate(prompt, { schema: person, seed: 6 });
    await call[Symbol.asyncIterator]().next();
    await expect(call.partialObjects.next()).rejects.toThrow(/was read already/);
    await call.cancel();
  });
});

describe('a chat', () => {
  it('answers with an object, and the next turn finds the answer in the cache', async () => {
    const chatTemplate =
      '{% for message in messages %}[{{ message.role }}]{{ message.content }}\n{% endfor %}{% if add_generation_prompt %}[assistant]{% endif %}';
    await using model = await languageModel('story', { threads: 1, chatTemplate });
    const messages: ChatMessage[] = [{ role: 'user', content: 'Who is there?' }];
    const first = await model.chat(messages, { schema: person, seed: 1 });
    expectTypeOf(first.object).toEqualTypeOf<z.infer<typeof person> | undefined>();
    expect(first.object).toEqual(JSON.parse(first.text));
    messages.push(first.message, { role: 'user', content: 'And who else?' });
    const second = await model.chat(messages, { choices: ['nobody', 'a dog'], seed: 1 });
    expect(['nobody', 'a dog']).toContain(second.object);
    expect(second.usage.cachedTokens).toBeGreaterThan(first.usage.completionTokens);
    // A value that the schema refuses leaves the conversation usable.
    const refused = z
      .string()
      .max(5)
      .refine(() => false);
    await expect(model.chat(messages, { schema: refused })).rejects.toThrow(SchemaValidationError);
    expect((await model.chat(messages, { choices: ['nobody', 'a dog'], seed: 1 })).object).toBe(second.object);
  });
});

describe('ends', () => {
  it('a reply that is cut off has no object, and a default limit says so', async () => {
    const cut = await lm.generate(prompt, { schema: person, maxNewTokens: 5 });
    expect([cut.finishReason, cut.object]).toEqual(['length', undefined]);
    expect(notices).toEqual([]);
    const schema = { type: 'array', items: { const: 'again' }, minItems: 500 };
    const { finishReason, object } = await lm.generate('', { schema, onContextFull: 'slide' });
    expect([finishReason, object]).toEqual(['length', undefined]);
    expect(notices).toEqual([expect.stringMatching(/^generate: a reply was cut off after \d+ tokens.*maxNewTokens/)]);
  });

  it('an aborted one has none', async () => {
    const abort = new AbortController();
    const call = lm.stream(prompt, { schema: person, signal: abort.signal });
    for await (const _ of call) abort.abort();
    const { finishReason, object } = await call.result;
    expect([finishReason, object]).toEqual(['abort', undefined]);
  });

  it('a stop string of the caller that comes first leaves none', async () => {
    const { finishReason, stopReason, object } = await lm.generate(prompt, {
      schema: person,
      stopStrings: ['"age'],
      seed: 1,
    });
    expect([finishReason, stopReason, object]).toEqual(['stop', '"age', undefined]);
  });

  it('a model without an end token ends too, and a condition of the caller still sees each token', async () => {
    let seen = 0;
    const stopWhen = (): boolean => {
      seen++;
      return false;
    };
    const { object, usage, finishReason } = await lm.generate(prompt, { schema: person, eosTokenIds: [], stopWhen });
    expect(person.safeParse(object).success).toBe(true);
    expect(finishReason).toBe('stop');
    expect(seen).toBe(usage.completionTokens);
    await expect(lm.generate(prompt, { schema: person, stopWhen: (async () => false) as never })).rejects.toThrow(
      /stopWhen/,
    );
  });

  it.each<[string, CallOptions]>([
    ['minNewTokens', { minNewTokens: 20 }],
    ['minLength', { minLength: 30 }],
    ['minNewTokens', { minNewTokens: 20, eosTokenIds: [] }],
  ])('%s that no reply reaches is refused', async (parameter, options) => {
    await expect(lm.generate('Well: ', { choices: ['yes'], ...options })).rejects.toThrow(
      new RegExp(`^generate: ${parameter} must be at most the length of a reply that is complete`),
    );
  });
});

describe('every way of decoding', () => {
  it.each<[string, CallOptions]>([
    ['greedy', { temperature: 0 }],
    ['sampled', { temperature: 1.2, topP: 0.9, repetitionPenalty: 1.1, seed: 3 }],
    ['beams', { numBeams: 3 }],
    ['contrastive', { penaltyAlpha: 0.6, topK: 4 }],
    ['speculative', { promptLookupNumTokens: 4, temperature: 0 }],
    ['from samplers', { samplers: [] }],
  ])('%s', async (_, options) => {
    const { object } = await lm.generate(prompt, { schema: person, ...options });
    expect(person.safeParse(object).success).toBe(true);
  });

  it('greedy speculation is greedy', async () => {
    const options = { schema: person, temperature: 0 };
    const { text } = await lm.generate(prompt, options);
    expect((await lm.generate(prompt, { ...options, promptLookupNumTokens: 4 })).text).toBe(text);
  });

  it('with forced text as drafts', async () => {
    const { forcedText, jsonSchema, tokenizerVocabulary } = await import('./entries/grammar.ts');
    const { speculative } = await import('./entries/strategies.ts');
    const automaton = jsonSchema(plainPerson, { whitespaceFlexible: false });
    const { tokenizer } = lm;
    const draft = forcedText({ automaton, vocabulary: tokenizerVocabulary(tokenizer), tokenizer });
    const options = { grammar: automaton, temperature: 0 };
    const fast = await lm.generate(prompt, { ...options, strategy: speculative({ draft }) });
    expect(fast.text).toBe((await lm.generate(prompt, options)).text);
    expect(fast.usage.acceptedTokens).toBeGreaterThan(0);
  });

  it('in a batch, with several sequences', async () => {
    const results = await lm.generateBatch(['A girl: ', 'A boy named Tom: '], {
      schema: person,
      numReturnSequences: 2,
      temperature: 0.9,
      seed: 1,
    });
    expectTypeOf(results[0]!.object).toEqualTypeOf<z.infer<typeof person> | undefined>();
    expect(results.map(({ promptIndex, sequence }) => [promptIndex, sequence])).toEqual([
      [0, 0],
      [0, 1],
      [1, 0],
      [1, 1],
    ]);
    for (const { object } of results) expect(person.safeParse(object).success).toBe(true);
  });

  it('from a translator, whose first token is forced', async () => {
    await using translator = await languageModel('translate', { threads: 1 });
    const options = { regex: /The [a-z]+ is [a-z]+\./ };
    expect((await translator.generate('Der Hund ist alt.', options)).text).toMatch(/^The [a-z]+ is [a-z]+\.$/);
    const forcedBosTokenId = translator.tokenizer.encode('')[0]!;
    expect((await translator.generate('Der Hund ist alt.', { ...options, forcedBosTokenId })).text).toMatch(
      /^The [a-z]+ is [a-z]+\.$/,
    );
  });
});

describe('the schema may refuse the value', () => {
  const grownUp = person.refine(({ age }) => age > 500, { message: 'too young', path: ['age'] });

  it('with the reply and the reasons in the error', async () => {
    const error = await lm.generate(prompt, { schema: grownUp, seed: 1 }).then(
      () => undefined,
      (reason: unknown) => reason,
    );
    expect(error).toBeInstanceOf(SchemaValidationError);
    const { message, issues, text, value } = error as SchemaValidationError;
    expect(message).toBe('generate: the schema refuses the reply at age: too young.');
    expect(issues).toEqual([{ message: 'too young', path: ['age'] }]);
    expect(value).toEqual(JSON.parse(text));
  });

  it('with an error that a transform throws as the cause', async () => {
    const cause = new Error('no such person');
    const schema = person.transform(() => {
      throw cause;
    });
    await expect(lm.generate(prompt, { schema, seed: 1 })).rejects.toMatchObject({
      cause,
      issues: [{ message: 'no such person' }],
    });
  });

  it('in a batch for one reply alone', async () => {
    const odd = z.enum(['1', '2', '3', '4', '5', '6', '7', '8', '9']).refine((n) => Number(n) % 2 === 1, 'even');
    const options = { schema: odd, samplers: [temperature({ temperature: 50 })], numReturnSequences: 8, seed: 1 };
    const results = await lm.generateBatch(['', 'A'], options);
    for (const { text, object, error } of results) {
      const n = JSON.parse(text);
      if (n % 2 === 1) expect([object, error]).toEqual([n, undefined]);
      else expect([object, error!.issues]).toEqual([undefined, [{ message: 'even', path: [] }]]);
    }
    expect(new Set(results.map(({ error }) => error === undefined)).size).toBe(2);
  });
});

describe('what cannot be enforced is refused by name', () => {
  it.each<[string, CallOptions, RegExp]>([
    [
      'a reference to nothing',
      { schema: { properties: { a: { $ref: '#/x' } } } },
      /schema .*#\/properties\/a: '\$ref'/,
    ],
    ['no instance', { schema: { type: 'string', minLength: 2, maxLength: 1 } }, /schema .*#: no instance/],
    ['an unknown type', { schema: { items: { type: 'strng' } } }, /schema .*#\/items: 'type'/],
    ['a cycle', { schema: cyclic() }, /schema must be plain JSON/],
    ['a list', { schema: [] }, /schema must be a JSON Schema/],
    ['a promise', { schema: Promise.resolve({}) }, /schema .*await it first/],
    [
      'fields of a schema',
      { schema: { name: z.string() } },
      /schema .*'name' is a schema already: wrap the properties/,
    ],
    ['a class of its own', { schema: new Map() }, /schema .*an instance of a class/],
    [
      'a Zod without the standard',
      {
        schema: new (class {
          readonly _def = {};
        })(),
      },
      /schema .*Zod 4\.2 or later/,
    ],
    ["another system's form", { schema: { name: 'person', schema: {} } }, /schema .*give what is in its 'schema'/],
    ['names without keywords', { schema: { age: { type: 'integer' } } }, /schema .*no keyword of JSON Schema/],
    ['Zod 3', { schema: z3.object({}) as never }, /schema .*Zod 4\.2 or later/],
    ['Valibot alone', { schema: v.object({}) }, /schema .*toStandardJsonSchema\(schema\)/],
    ['a date of Zod', { schema: z.object({ day: z.date() }) }, /schema .*Date cannot be represented/],
    ['an option of the wrong kind', { schema: {}, schemaOptions: { draft: '4' as never } }, /schemaOptions\.draft/],
    ['a flag', { regex: /a/i }, /regex .*flags i, m, s and v/],
    ['a look-behind', { regex: /(?<=a)b/ }, /regex .*not supported/],
    ['a pattern without a text', { regex: /a^/ }, /regex must be a constraint that at least one text satisfies/],
    ['no choice', { choices: [] }, /choices must be a list of texts/],
    ['a choice that is a number', { choices: [1 as never] }, /choices\[0\]/],
    ['an error in a grammar', { grammar: 'root := "a"' }, /grammar .*'::=' is missing/],
  ])('%s', async (_, options, message) => {
    const error: unknown = await lm.generate('', options).catch((reason: unknown) => reason);
    expect(error).toBeInstanceOf(ParameterError);
    expect((error as Error).message).toMatch(message);
  });

  it('with the error of the grammar as its cause', async () => {
    const schema = { properties: { a: { format: 'regex' } } };
    await expect(lm.generate('', { schema })).rejects.toMatchObject({
      parameter: 'schema',
      cause: { name: 'UnsupportedSchemaError', keyword: 'format', pointer: '#/properties/a' },
    });
  });

  it('and unknown options have a suggestion', async () => {
    const call = lm.generate('', { schema: {}, schemaOptions: { whitespace: true } as never });
    await expect(call).rejects.toThrow(UnknownOptionError);
    await expect(call).rejects.toThrow(/schemaOptions: unknown option 'whitespace'/);
    // @ts-expect-error: a misspelled name is a compile error, with or without a schema.
    await expect(lm.generate('', { schema: person, temprature: 1 })).rejects.toThrow(/Did you mean 'temperature'/);
  });

  it('for the names of other systems', async () => {
    for (const [name, ours] of [
      ['responseFormat', 'schema'],
      ['json_schema', 'schema'],
      ['guided_choice', 'choices'],
      ['guidedRegex', 'regex'],
    ] as const)
      await expect(lm.generate('', { [name]: {} } as never)).rejects.toThrow(new RegExp(`'${ours}'|${ours}:`));
  });
});

function cyclic(): object {
  const schema: { properties: Record<string, unknown> } = { properties: {} };
  schema.properties.self = schema;
  return schema;
}

describe('white space', () => {
  it('is one space at most, unless schemaOptions say otherwise', async () => {
    const options = { schema: plainPerson, temperature: 0 };
    expect((await lm.generate(prompt, options)).text).toMatch(/^\{ ?"name" ?: ?".*" ?, ?"age" ?: ?\d+ ?\}$/);
    const compact = await lm.generate(prompt, { ...options, schemaOptions: { whitespaceFlexible: false } });
    expect(compact.text).toBe(JSON.stringify(compact.object));
    const flexible = await lm.generate(prompt, { ...options, schemaOptions: { whitespaceFlexible: true } });
    expect(flexible.text).toMatch(/\s\s/);
  });
});

describe('work', () => {
  it('a second call with the same schema does not read it again', async () => {
    let reads = 0;
    const schema = {
      // Once to find the compiled grammar, and once to compile it.
      toJSON: () => {
        reads++;
        return { enum: ['a', 'b'] };
      },
    };
    const calls: number[] = [];
    for (let call = 0; call < 3; call++) {
      reads = 0;
      expect(['a', 'b']).toContain((await lm.generate('', { schema })).object);
      calls.push(reads);
    }
    expect(calls).toEqual([2, 1, 1]);
  });

  it('a second call uses the compiled grammar', async () => {
    let steps = 0;
    const automaton = {
      initial: 0,
      step: (state: number, byte: number) => {
        steps++;
        return byte === 0x61 && state < 3 ? state + 1 : undefined;
      },
      accepting: (state: number) => state === 3,
      key: (state: number) => `${state}`,
    };
    const calls: number[] = [];
    for (let call = 0; call < 3; call++) {
      steps = 0;
      expect((await lm.generate('', { grammar: automaton as never, temperature: 0 })).text).toBe('aaa');
      calls.push(steps);
    }
    // Masks take steps once; the states of a text take a few each time.
    expect(calls[1]).toBeLessThan(calls[0]! / 2);
    expect(calls[2]).toBe(calls[1]);
  });

  it('nothing is left on the engine', async () => {
    const before = lm.engine.memory();
    await lm.generate(prompt, { schema: person, seed: 1 });
    await lm.generate(prompt, { schema: person, numBeams: 2, maxNewTokens: 6 });
    await lm.generate(prompt, { choices: ['yes'], minNewTokens: 20 }).catch(() => {});
    for await (const _ of lm.generate(prompt, { schema: person }).partialObjects) break;
    expect(lm.engine.memory()).toEqual(before);
  });
});
