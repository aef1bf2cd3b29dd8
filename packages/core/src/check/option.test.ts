import { expect, expectTypeOf, test } from 'vitest';
import { ParameterError, UnknownOptionError } from '../errors.ts';
import { checkOptions, optionsToJson } from './check-options.ts';
import type { Option, OptionsOf } from './option.ts';
import {
  booleanOption,
  choiceOption,
  customOption,
  integerOption,
  numberOption,
  optional,
  textOption,
  tokenListsOption,
  tokensOption,
} from './option-kinds.ts';

const help = 'Help';
const check = (option: Option, value: unknown): unknown => option.check('owner', 'name', value);
const refusal = (option: Option, value: unknown): string => {
  try {
    check(option, value);
  } catch (error) {
    expect(error).toBeInstanceOf(ParameterError);
    return (error as ParameterError).message;
  }
  throw new Error('accepted');
};

test.each<[string, Option, unknown[], unknown[], string]>([
  ['a number', numberOption({ help }), [0, -1.5], [Number.NaN, Infinity, '1', null, 1n], 'a number'],
  ['a number from a to b', numberOption({ help, min: 0, max: 1 }), [0, 1], [-0.1, 1.1], 'a number from 0 to 1'],
  ['a number above a', numberOption({ help, above: 0, max: 1 }), [0.1, 1], [0, 1.1], 'a number in (0, 1]'],
  ['a number below b', numberOption({ help, min: 0, below: 1 }), [0, 0.9], [1], 'a number in [0, 1)'],
  ['a number of at least a', numberOption({ help, min: 2 }), [2, 9], [1], 'a number of at least 2'],
  ['a number of at most b', numberOption({ help, max: 2 }), [2, -9], [3], 'a number of at most 2'],
  ['an integer', integerOption({ help, min: 1 }), [1, 9], [0, 1.5, '1', Infinity], 'an integer of at least 1'],
  ['an integer from a to b', integerOption({ help, min: 1, max: 3 }), [1, 3], [0, 4], 'an integer from 1 to 3'],
  [
    'an integer or Infinity',
    integerOption({ help, min: 1, infinite: true }),
    [1, Infinity],
    [0, -Infinity],
    'an integer of at least 1 or Infinity',
  ],
  [
    'an integer or a word',
    integerOption({ help, min: 0, words: ['all'] }),
    [0, 'all'],
    [-1, 'none'],
    "an integer of at least 0 or 'all'",
  ],
  ['true or false', booleanOption({ help }), [true, false], [0, 'true', null], 'true or false'],
  ['a choice', choiceOption(['a', 2], { help }), ['a', 2], ['b', '2', undefined], "one of 'a', 2"],
  [
    'a choice of words',
    choiceOption(['above', 'below'], { help }),
    ['above'],
    [1, undefined],
    "one of 'above', 'below'",
  ],
  ['a text', textOption({ help }), ['', 'a'], [1, ['a']], 'a string'],
  ['a text that is not empty', textOption({ help, empty: false }), ['a'], [''], 'a string that is not empty'],
  ['token ids', tokensOption({ help }), [[], [1, 2]], [1, '12', { length: 1, 0: 5 }], 'a list of token ids'],
  ['one token id or more', tokensOption({ help, least: 1 }), [[1]], [[]], 'a list of at least 1 token id'],
  ['lists', tokenListsOption({ help }), [[], [[1], [2, 3]]], [{ 0: [1] }, '1'], 'a list of lists of token ids'],
  ['one list or more', tokenListsOption({ help, least: 1 }), [[[1]]], [[]], 'a list of at least 1 list of token ids'],
])('%s', (_, option, accepted, refused, allowed) => {
  expect(option.allowed).toBe(allowed);
  for (const value of accepted) expect(check(option, value)).toEqual(value);
  for (const value of refused) expect(refusal(option, value)).toMatch(`owner: name must be ${allowed}, but `);
});

test('a wrong word for a choice of words is an error with the nearest one', () => {
  expect(() => check(choiceOption(['above', 'below'], { help }), 'Above')).toThrow(UnknownOptionError);
  expect(() => check(choiceOption(['above', 'below'], { help }), 'Above')).toThrow(/Did you mean 'above'/);
});

test('typed arrays are lists of token ids, and a wrong entry is named', () => {
  const given = Int32Array.of(3, 4);
  expect(check(tokensOption({ help }), given)).toEqual([3, 4]);
  // biome-ignore lint/suspicious/noSparseArray: an empty place is what is tested.
  expect(refusal(tokensOption({ help }), [1, , 2])).toMatch('name[1] must be an integer of at least 0, but undefined');
  expect(refusal(tokenListsOption({ help }), [[1], []])).toMatch('name[1] must be a list of at least 1 token id');
  expect(refusal(tokenListsOption({ help }), [[1], [2, -1]])).toMatch('name[1][1] must be an integer');
});

const declarations = {
  p: numberOption({ help, min: 0, max: 1 }),
  window: integerOption({ help, min: 0, words: ['all'], default: 'all' }),
  end: optional(integerOption({ help, min: 0 })),
  rule: customOption<(id: number) => boolean>({
    help,
    kind: 'code',
    default: () => true,
    check: (_, __, value) => value as (id: number) => boolean,
  }),
};

test('defaults are filled in, and undefined is left out', () => {
  const { rule: _, ...values } = checkOptions('owner', declarations, { p: 0.5, end: undefined });
  expect(values).toEqual({ p: 0.5, window: 'all', end: undefined });
  expect(checkOptions('owner', declarations, { p: 0.5, window: 3, end: 4 })).toMatchObject({ window: 3, end: 4 });
});

test('a missing option, an unknown one and a value that is not an object are typed errors', () => {
  const bad = (given: unknown) => () => checkOptions('owner', declarations, given as never);
  expect(bad({})).toThrow('owner: p must be a number from 0 to 1, but undefined was given.');
  expect(bad({ p: 1, windows: 3 })).toThrow(/unknown option 'windows'. Did you mean 'window'/);
  expect(bad(JSON.parse('{ "p": 1, "__proto__": 3 }'))).toThrow(UnknownOptionError);
  const others = [null, [], [0.5], new Float32Array(1), 'p', 1, () => 1, new Map([['p', 1]]), new Date(0), Object('p')];
  for (const value of [...others, Object.create({ p: 1 }), Promise.resolve({ p: 1 })])
    expect(bad(value)).toThrow(/owner: options must be (an|a plain) object, but/);
});

test('only own keys are options', () => {
  try {
    Object.defineProperty(Object.prototype, 'window', {
      value: 3,
      configurable: true,
      enumerable: true,
      writable: true,
    });
    expect(checkOptions('owner', declarations, { p: 0.5 })).toMatchObject({ window: 'all' });
  } finally {
    Reflect.deleteProperty(Object.prototype, 'window');
  }
  for (const name of ['toString', 'constructor', '__proto__', 'hasOwnProperty'])
    expect(() => checkOptions('owner', declarations, JSON.parse(`{ "p": 1, "${name}": 1 }`))).toThrow(
      `owner: unknown option '${name}'.`,
    );
  expect(checkOptions('owner', declarations, Object.assign(Object.create(null), { p: 0.5 }))).toMatchObject({ p: 0.5 });
});

test('a value that cannot be read is a typed error with the cause, and lists are bounded', () => {
  const cause = new TypeError('planted');
  const fail = (): never => {
    throw cause;
  };
  const refused = (given: object): unknown => {
    try {
      return checkOptions('owner', { ...declarations, ids: tokensOption({ help, default: [] }) }, given as never);
    } catch (error) {
      return error;
    }
  };
  const getter = Object.defineProperty({ p: 1 }, 'end', { enumerable: true, get: fail });
  const proxy = (target: object): object => new Proxy(target, { get: fail, ownKeys: fail, getPrototypeOf: fail });
  expect(refused(getter)).toMatchObject({ name: 'ParameterError', parameter: 'end', cause });
  expect(refused(proxy({}))).toMatchObject({ name: 'ParameterError', parameter: 'options', cause });
  expect(refused({ p: 1, ids: proxy([]) })).toMatchObject({ name: 'ParameterError', parameter: 'ids', cause });
  const endless = new Proxy([], { get: (_, key) => (key === 'length' ? 1e9 : 1) });
  for (const ids of [{ length: 1e9 }, endless, new Array(4e9), new BigInt64Array(1), new DataView(new ArrayBuffer(1))])
    expect(refused({ p: 1, ids })).toMatchObject({ name: 'ParameterError', parameter: 'ids' });
});

test('a proxy is read like any object', () => {
  const reads: PropertyKey[] = [];
  const proxy = new Proxy(
    { p: 0.5 },
    {
      get: (target, key) => {
        reads.push(key);
        return Reflect.get(target, key);
      },
    },
  );
  expect(checkOptions('owner', declarations, proxy)).toMatchObject({ p: 0.5 });
  // Each option is read once, so a value cannot change between the check and its use.
  expect(reads.filter((key) => key === 'p')).toEqual(['p']);
});

test('values become plain data, unless only code can give one', () => {
  const { rule: _, ...plain } = declarations;
  expect(optionsToJson(plain, checkOptions('owner', plain, { p: 1 }))).toEqual({ p: 1, window: 'all' });
  expect(optionsToJson(declarations, checkOptions('owner', declarations, { p: 1 }))).toBeUndefined();
});

test('types', () => {
  expectTypeOf<OptionsOf<typeof declarations>>().toExtend<{ p: number; window?: number | 'all' | undefined }>();
  expectTypeOf<{ window: 3 }>().not.toExtend<OptionsOf<typeof declarations>>();
  expectTypeOf<{ p: 1; window: 'none' }>().not.toExtend<OptionsOf<typeof declarations>>();
});
