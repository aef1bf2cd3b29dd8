import {
  generate,
  generateText,
  History,
  ParameterError,
  type Sampler,
  type Tokenizer,
  UnknownOptionError,
} from '@tokenwright/core';
import { RunState } from '@tokenwright/core/sampling';
import { candidatesOf, exactDistribution, samplerCases, shaped, testRow, toyModel } from '@tokenwright/core/testing';
import { beamSearch, bestOf, speculative } from '@tokenwright/strategies';
import { describe, expect, it, test } from 'vitest';
import {
  type Automaton,
  choices,
  constrain,
  createVocabulary,
  forcedText,
  GrammarDeadEndError,
  gbnf,
  jsonSchema,
  regularExpression,
  stopWhenComplete,
  tokenMasks,
  type Vocabulary,
} from './index.ts';
import { accepts } from './testing/accepts.ts';

const encoder = new TextEncoder();

function vocabularyOf(texts: readonly (string | number[])[]): Vocabulary {
  return createVocabulary(
    texts.map((text) => (typeof text === 'string' ? encoder.encode(text) : Uint8Array.from(text))),
  );
}

// 0 ends the text. 5 and 6 are the two halves of 'é'.
const texts = [
  '',
  'a',
  'ab',
  'b',
  '{"',
  [0xc3],
  [0xa9],
  '":',
  '1',
  '12',
  '}',
  '"',
  'name',
  '"}',
  '{"name":"',
  ', ',
  ',',
  'é',
  'x',
];
const vocabulary = vocabularyOf(texts);
const flat = texts.map(() => 0);

function allowed(automaton: Automaton, generated: readonly number[]): number[] {
  return candidatesOf(shaped(constrain({ automaton, vocabulary }), flat, { prompt: [1], generated, eosTokenIds: [0] }));
}

const schema = jsonSchema({
  type: 'object',
  properties: { name: { type: 'string', pattern: '^[abé]+$' }, b: { type: 'integer' } },
  required: ['name'],
  additionalProperties: false,
});

describe('the tokens that stay', () => {
  it.each<[string, Automaton, number[], number[]]>([
    ['at the start', schema, [], [4, 14]],
    ['in a name', schema, [4], [12]],
    ['in a value, with half a character', schema, [14], [1, 2, 3, 5, 17]],
    ['after half a character', schema, [14, 5], [6]],
    ['where the value may end', schema, [14, 1], [1, 2, 3, 5, 11, 13, 17]],
    ['at the end', schema, [14, 1, 13], [0]],
    ['after a token that does not fit', schema, [14, 8], []],
    ['after a control token that was forced', schema, [0, 14, 1], [1, 2, 3, 5, 11, 13, 17]],
    ['of choices', choices(['ab', 'a1']), [1], [3, 8]],
    ['of a pattern', regularExpression('(ab|é)+'), [2], [0, 1, 2, 5, 17]],
    ['of a grammar', gbnf('root ::= "a" root "b" | "x"'), [1], [1, 18]],
  ])('%s', (_, automaton, generated, expected) => {
    expect(allowed(automaton, generated)).toEqual(expected);
  });

  it('are those that the automaton can read, by either way of finding them', () => {
    const machine = jsonSchema(
      {
        type: 'object',
        properties: { name: { type: 'string', maxLength: 3 }, ab: { enum: ['a', 'ab', 1, 12] } },
        additionalProperties: { type: 'array', items: { type: 'string' }, uniqueItems: true },
        minProperties: 2,
      },
      { propertyOrder: 'any' },
    );
    // The same automaton, without what makes masks fast.
    const plain: Automaton<Parameters<typeof machine.step>[0]> = {
      initial: machine.initial,
      step: (state, byte) => machine.step(state, byte),
      accepting: (state) => machine.accepting(state),
      key: (state) => machine.key(state),
    };
    const letters = Array.from({ length: 256 }, (_, byte) => [byte]);
    const some = [
      '":',
      '": "',
      '","',
      '"},',
      'ab',
      'name',
      '{"',
      '"}',
      '["',
      '"]',
      '\\u00',
      ' {',
      'éa',
      'b":["a","',
      '"a","a"]',
      '12}',
      '\\"',
      '日本',
      'abcd',
      '  ',
      '"ab":1',
    ];
    const large = vocabularyOf([...letters, ...some]);
    const fast = tokenMasks(machine, large);
    const slow = tokenMasks(plain, large);
    const samples = ['{"name":"ab","ab":12}', '{"x":["a","b\\n"],"name":"é"}', '{ "z":[], "日":["\\u00e9"] }'];
    for (const text of samples) {
      let state: ReturnType<typeof machine.step> = machine.initial;
      for (const byte of encoder.encode(text)) {
        expect(fast(state!)).toEqual(slow(state!));
        state = machine.step(state!, byte);
      }
      expect(machine.accepting(state!)).toBe(true);
    }
  });
});

describe('the sampler contract', () => {
  const pattern = regularExpression('(a|b|1|x|,|é)*');
  const cases = samplerCases(() => constrain({ automaton: pattern, vocabulary: wide }), {
    shiftInvariant: true,
    scaleInvariant: true,
    skip: {
      'does not depend on the numbering of tokens': 'It reads the bytes of certain ids.',
      'treats ties alike': 'It keeps tokens by their bytes.',
    },
  });
  for (const { name, skip, run } of cases) test.skipIf(skip !== undefined)(name, run);
});

// Larger than the vocabularies of the contract suite.
const wide = vocabularyOf(Array.from({ length: 4096 }, (_, id) => 'ab1x,é'[id % 6]!.repeat(1 + (id % 5))));

describe('the state', () => {
  it('is that of the history', () => {
    const sampler = constrain({ automaton: choices(['aab', 'abx', 'x1']), vocabulary });
    const state = new RunState();
    const at = (history: History): number[] => {
      const row = testRow(flat, { history, promptLength: 1, state, eosTokenIds: [0] } as never);
      row.apply(sampler, 0);
      return candidatesOf(row.logits);
    };
    const start = History.of([1]);
    const a = start.append(1);
    expect(at(start)).toEqual([1, 2, 18]);
    expect(at(a)).toEqual([1, 2, 3]);
    expect(at(start.append(18))).toEqual([8]);
    expect(at(a.append(3))).toEqual([18]);
    expect(at(a.append(1))).toEqual([3]);
    expect(at(start)).toEqual([1, 2, 18]);
  });

  it('continues in another sampler, as after a snapshot', () => {
    const make = (): Sampler => constrain({ automaton: choices(['aab', 'x1']), vocabulary });
    const first = new RunState();
    const start = History.of([1]);
    const row = (history: History, state: RunState) =>
      testRow(flat, { history, promptLength: history.length === 3 ? 3 : 1, state, eosTokenIds: [0] } as never);
    row(start, first).apply(make(), 0);
    const next = start.append(1);
    row(next, first).apply(make(), 0);
    const last = next.append(1);
    const second = new RunState();
    second.restore(last, structuredClone(first.snapshot(last)));
    // The prompt of the continued run is longer, but the text still begins where it began.
    const continued = row(last, second);
    continued.apply(make(), 0);
    expect(candidatesOf(continued.logits)).toEqual([3]);
  });
});

describe('a dead end', () => {
  it('says where it is, what the text is and what would be allowed', () => {
    const attempt = (): unknown =>
      shaped(
        constrain({
          automaton: jsonSchema(
            { properties: { a: { const: 'zz' } }, required: ['a'], type: 'object' },
            { whitespaceFlexible: false },
          ),
          vocabulary,
        }),
        flat,
        {
          prompt: [1],
          generated: [4, 1, 7],
          eosTokenIds: [0],
        },
      );
    expect(() => attempt()).not.toThrow();
    const inside = (): unknown =>
      shaped(
        constrain({
          automaton: jsonSchema({ properties: { a: { const: 'zz' } }, required: ['a'], type: 'object' }),
          vocabulary,
        }),
        flat,
        {
          prompt: [1],
          generated: [4, 1, 7, 11],
          eosTokenIds: [0],
        },
      );
    expect(inside).toThrow(GrammarDeadEndError);
    expect(inside).toThrow(expect.objectContaining({ text: '{"a":"', pointer: '#/properties/a', allowed: "'z'" }));
  });

  it('is reported when the text is complete and nothing can end it', () => {
    const row = (): unknown =>
      shaped(constrain({ automaton: choices(['a']), vocabulary }), flat, { prompt: [1], generated: [1] });
    expect(row).toThrow('the run has no end token');
  });
});

describe('in a run', () => {
  const options = { eosTokenIds: [0], maxNewTokens: 3 };
  const model = toyModel({ vocabSize: texts.length, seed: 5 });

  it('samples from the distribution of the model, renormalized over the allowed tokens', async () => {
    const automaton = regularExpression('(a|1|é){0,2}');
    const constrained = await exactDistribution(model, [1], {
      ...options,
      samplers: [constrain({ automaton, vocabulary })],
    });
    const filter: Sampler = {
      name: 'filter',
      onHost(logits, { history, promptLength }) {
        for (let id = 0; id < logits.length; id++) {
          const ids = [...history.tokens.subarray(promptLength), id];
          const bytes = ids.flatMap((one) => [...vocabulary.bytes[one]!]);
          const text = new TextDecoder().decode(Uint8Array.from(bytes));
          const fits =
            id === 0
              ? /^[a1é]{0,2}$/.test(text)
              : bytes.at(-1) === 0xc3
                ? /^[a1é]?\ufffd$/.test(text)
                : /^[a1é]{0,2}$/.test(text);
          if (!fits || (id !== 0 && vocabulary.bytes[id]!.length === 0)) logits[id] = -Infinity;
        }
      },
    };
    const expected = await exactDistribution(model, [1], { ...options, samplers: [filter] });
    expect(expected.size).toBeGreaterThan(5);
    expect([...constrained].map(([key]) => key).sort()).toEqual([...expected].map(([key]) => key).sort());
    for (const [key, probability] of expected) expect(constrained.get(key)).toBeCloseTo(probability, 10);
  });

  const json = ['', '{', '}', '"', 'a', 'b', ':', ',', '1', '2', '[', ']', '{"a":', '"b":', '"]', ',"', ' ', 'true'];
  const jsonVocabulary = vocabularyOf(json);
  const jsonModel = toyModel({ vocabSize: json.length, seed: 9, contextLength: 200 });
  const machine = jsonSchema(
    {
      type: 'object',
      properties: {
        a: { type: 'array', items: { enum: ['a', 'b', 'ab', 1] }, maxItems: 2 },
        b: { type: 'integer', maximum: 22, minimum: 1 },
      },
      required: ['a', 'b'],
      additionalProperties: false,
    },
    { whitespacePattern: ' ?' },
  );

  it.each([
    ['sampling', undefined],
    ['beam search', beamSearch({ numBeams: 3 })],
    ['best of', bestOf({ numCandidates: 3 })],
    [
      'speculation',
      speculative({ draft: toyModel({ vocabSize: json.length, seed: 4, contextLength: 200 }), numAssistantTokens: 4 }),
    ],
  ])('every reply conforms: %s', async (_, strategy) => {
    for (let seed = 0; seed < 4; seed++) {
      const { sequences } = await generate(jsonModel, [4, 5], {
        samplers: [constrain({ automaton: machine, vocabulary: jsonVocabulary })],
        seed,
        maxNewTokens: 90,
        eosTokenIds: [0],
        ...(strategy === undefined ? {} : { strategy }),
      });
      const { ids, finishReason } = sequences[0]!;
      expect(finishReason).toBe('stop');
      const text = Array.from(ids, (id) => json[id]!).join('');
      expect([text, accepts(machine, text)]).toEqual([text, true]);
      expect(() => JSON.parse(text)).not.toThrow();
    }
  });

  it('forced text is proposed and changes nothing', async () => {
    const tokenizer: Tokenizer = {
      vocabSize: json.length,
      encode: (text) => {
        const ids: number[] = [];
        for (let rest = text; rest !== ''; rest = rest.slice(json[ids.at(-1)!]!.length)) {
          const fitting = json.filter((token) => token !== '' && rest.startsWith(token));
          if (fitting.length === 0) break;
          ids.push(json.indexOf(fitting.sort((a, b) => b.length - a.length)[0]!));
        }
        return ids;
      },
      decode: (ids) => Array.from(ids, (id) => json[id] ?? '').join(''),
    };
    const automaton = jsonSchema(
      {
        type: 'object',
        properties: { a: { enum: [1, 2] }, b: { const: ['ab'] } },
        required: ['a', 'b'],
        additionalProperties: false,
      },
      { whitespaceFlexible: false },
    );
    const draft = forcedText({ automaton, vocabulary: jsonVocabulary, tokenizer });
    const open = draft.open({ promptLengths: [1] });
    const [first] = await open.propose([{ promptIndex: 0, history: History.of([4]) }], [20]);
    expect(first!.map(({ id }) => json[id])).toEqual(['{"a":']);
    const [second] = await open.propose([{ promptIndex: 0, history: History.of([4, 12, 8]) }], [20]);
    expect(second!.map(({ id }) => json[id]).join('')).toBe(',"b":["ab"]}');
    const call = {
      samplers: [constrain({ automaton, vocabulary: jsonVocabulary })],
      eosTokenIds: [0],
      maxNewTokens: 30,
    };
    const options = { maxNewTokens: 14, eosTokenIds: [0], samplers: call.samplers };
    const exact = await exactDistribution(jsonModel, [4], options);
    const counts = new Map<string, number>();
    for (let seed = 0; seed < 60; seed++) {
      const { sequences } = await generate(jsonModel, [4], {
        ...call,
        seed,
        strategy: speculative({ draft, numAssistantTokens: 4 }),
      });
      const text = sequences[0]!.ids.map((id) => json[id]!).join('');
      expect(accepts(automaton, text)).toBe(true);
      counts.set(text, (counts.get(text) ?? 0) + 1);
    }
    const ones = [...exact].reduce(
      (sum, [key, p]) =>
        sum +
        (key
          .split(' ')
          .map((id) => json[Number(id)]!)
          .join('')
          .includes('1')
          ? p
          : 0),
      0,
    );
    const seen = [...counts].reduce((sum, [text, count]) => sum + (text.includes('1') ? count : 0), 0) / 60;
    expect(Math.abs(seen - ones)).toBeLessThan(0.2);
  });

  it('works through text', async () => {
    const tokenizer: Tokenizer = {
      vocabSize: json.length,
      encode: (text) => [...text].map((character) => Math.max(4, json.indexOf(character))),
      decode: (ids) => Array.from(ids, (id) => json[id] ?? '').join(''),
    };
    const { text } = await generateText(jsonModel, tokenizer, 'ab', {
      samplers: [constrain({ automaton: choices(['ab', 'b1']), vocabulary: jsonVocabulary })],
      eosTokenIds: [0],
      seed: 1,
    });
    expect(['ab', 'b1']).toContain(text);
  });
});

describe('stopWhenComplete', () => {
  const stops = (automaton: Automaton, ids: readonly number[]): boolean => {
    const stopWhen = stopWhenComplete({ automaton, vocabulary });
    const history = ids.reduce((node, id) => node.append(id), History.of([1, 1]));
    return stopWhen({ history, promptLength: 2, id: 0, text: '', promptIndex: 0, sequence: 0, elapsed: 0 });
  };

  it.each<[string, Automaton, number[], boolean]>([
    ['at the end of an object', schema, [14, 1, 13], true],
    ['after a forced control token', schema, [0, 14, 1, 13], true],
    ['before the end', schema, [14, 1], false],
    ['where the text may end or continue', regularExpression('a+'), [1], false],
    ['after the last character of a pattern', regularExpression('a{2}'), [1, 1], true],
    ['after a text that does not fit', schema, [1], false],
    ['at a choice that begins another', choices(['a', 'ab']), [1], false],
    ['at a choice', choices(['a', 'ab']), [2], true],
  ])('%s', (_, automaton, ids, expected) => {
    expect(stops(automaton, ids)).toBe(expected);
  });

  it('ends a run that has no end token', async () => {
    const options = { automaton: choices(['ab', 'b1']), vocabulary };
    const model = toyModel({ vocabSize: texts.length, seed: 9, contextLength: 200 });
    const call = { samplers: [constrain(options)], eosTokenIds: [], seed: 1 };
    await expect(generate(model, [4], call)).rejects.toThrow(/complete and the run has no end token/);
    const { sequences } = await generate(model, [4], { ...call, stopWhen: stopWhenComplete(options) });
    expect(['ab', 'b1']).toContain(sequences[0]!.ids.map((id) => texts[id]!).join(''));
    expect(sequences[0]!.finishReason).toBe('stop');
  });
});

it('refuses wrong options', () => {
  expect(() => stopWhenComplete({ automaton: {} as never, vocabulary })).toThrow(ParameterError);
  expect(() => constrain({ automaton: {} as never, vocabulary })).toThrow(ParameterError);
  expect(() => constrain({ automaton: schema, vocabulary: [] as never })).toThrow(ParameterError);
  expect(() => constrain({ automat: schema, vocabulary } as never)).toThrow(UnknownOptionError);
});
