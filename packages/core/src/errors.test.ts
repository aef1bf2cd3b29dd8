import { describe, expect, it, vi } from 'vitest';
import { checkInteger, checkNumber } from './check/check.ts';
import { checkOptionNames } from './check/read-options.ts';
import {
  CacheError,
  ContextLengthError,
  DisposedError,
  EmptyDistributionError,
  EngineUnavailableError,
  InvalidLogitsError,
  LoadError,
  MemoryLimitError,
  ParameterError,
  ShapeError,
  TokenwrightError,
  UnknownOptionError,
  UnsupportedError,
} from './errors.ts';

const failure = (work: () => unknown): unknown => {
  try {
    return work();
  } catch (error) {
    return error;
  }
};

describe('an error', () => {
  it.each<[TokenwrightError, string, string]>([
    [new ParameterError('topP', 'p', 'in (0, 1]', 2), 'ParameterError', 'topP: p must be in (0, 1], but 2 was given.'],
    [new ShapeError('Rows', [2], [3]), 'ShapeError', 'Rows must have shape [2], but it has [3].'],
    [
      new ContextLengthError(64, 70, 'The prompt'),
      'ContextLengthError',
      'The prompt needs 70 positions, but the model has a context of 64.',
    ],
    [new CacheError('No.'), 'CacheError', 'No.'],
    [
      new EmptyDistributionError('top-p', 7),
      'EmptyDistributionError',
      "After 'top-p' no token is left to choose from at position 7.",
    ],
    [
      new InvalidLogitsError('model', 7, 3, Number.NaN),
      'InvalidLogitsError',
      "After 'model' the logit of token 3 at position 7 is NaN.",
    ],
    [new DisposedError('The cache'), 'DisposedError', 'The cache was disposed and can no longer be used.'],
    [new DisposedError('The text', 'was read already'), 'DisposedError', 'The text was read already.'],
    [new UnsupportedError('gathering', 'This cache'), 'UnsupportedError', 'This cache does not support gathering.'],
    [
      new EngineUnavailableError([
        { engine: 'a', reason: 'x' },
        { engine: 'b', reason: 'y' },
      ]),
      'EngineUnavailableError',
      'No engine is available: a (x); b (y).',
    ],
    [new MemoryLimitError('The cache', 9, 5), 'MemoryLimitError', 'The cache needs 9 bytes, but 5 are available.'],
    [new LoadError('config.json', 'is missing', 'n_embd'), 'LoadError', 'config.json: n_embd: is missing'],
    [new LoadError('config.json', 'is missing'), 'LoadError', 'config.json: is missing'],
    [
      new UnknownOptionError('topP', 'kepe', ['p', 'keep']),
      'UnknownOptionError',
      "topP: unknown option 'kepe'. Did you mean 'keep'? Known options: p, keep.",
    ],
  ])('%s', (error, name, message) => {
    expect(error.name).toBe(name);
    expect(error.message).toBe(message);
    expect(error).toBeInstanceOf(TokenwrightError);
    expect(error).toBeInstanceOf(Error);
  });

  it('keeps its cause', () => {
    const cause = new RangeError('planted');
    expect(new LoadError('a', 'b', undefined, { cause }).cause).toBe(cause);
  });

  it('is known across two copies of the package', async () => {
    vi.resetModules();
    const copy = await import('./errors.ts');
    const foreign = new copy.CacheError('from another copy');
    expect(copy.CacheError).not.toBe(CacheError);
    expect(foreign).not.toBeInstanceOf(TokenwrightError);
    expect(TokenwrightError.isInstance(foreign)).toBe(true);
    expect(copy.TokenwrightError.isInstance(new CacheError('from this one'))).toBe(true);
  });

  it.each([new Error('other'), null, undefined, 'text', {}, 5])('is not %s', (value) => {
    expect(TokenwrightError.isInstance(value)).toBe(false);
  });
});

describe('what an error prints of a value', () => {
  const circular: Record<string, unknown> = {};
  circular.self = circular;
  it.each<[unknown, string]>([
    ['text', "'text'"],
    [Number.NaN, 'NaN'],
    [undefined, 'undefined'],
    [null, 'null'],
    [{ a: 1 }, '{"a":1}'],
    [[1, 2], '[1,2]'],
    [() => 5, 'a function'],
    [new Float32Array(9), 'a Float32Array'],
    [circular, '{"self":{"self":{"self":{...}}}}'],
    [5n, '5n'],
    [-0, '-0'],
    [Symbol('s'), 'Symbol(s)'],
    [{ a: undefined, b: [Number.NaN] }, '{"a":undefined,"b":[NaN]}'],
    [new Map(), 'a Map'],
    [new Error('e'), 'an Error'],
    [Promise.resolve(), 'a promise'],
    [Object.create(null), '{}'],
    ['x'.repeat(1000), `'${'x'.repeat(77)}...'`],
  ])('is short and plain: %o', (value, printed) => {
    expect(new ParameterError('x', 'y', 'z', value).message).toBe(`x: y must be z, but ${printed} was given.`);
  });

  it('is a description of what cannot be read', () => {
    const fail = (): never => {
      throw new TypeError('planted');
    };
    for (const value of [new Proxy({}, { ownKeys: fail }), new Proxy([], { get: fail })])
      expect(new ParameterError('x', 'y', 'z', value).message).toContain(
        'but an object that cannot be read was given.',
      );
  });

  it('is cut when it is long', () => {
    const { message } = new ParameterError('x', 'y', 'z', new Array(200).fill(1));
    expect(message).toContain('1,1,...] was given');
    expect(message.length).toBeLessThan(130);
  });
});

describe('checkInteger', () => {
  it('passes on what lies between its bounds, both included', () => {
    expect([0, 5].map((value) => checkInteger('x', 'y', value, 0, 5))).toEqual([0, 5]);
    expect(checkInteger('x', 'y', -3, -Infinity)).toBe(-3);
  });

  it.each([
    [-1, 0, 5, 'an integer from 0 to 5'],
    [6, 0, 5, 'an integer from 0 to 5'],
    [-1, 0, Infinity, 'an integer of at least 0'],
    [0.5, -Infinity, Infinity, 'an integer'],
    [Infinity, 0, Infinity, 'an integer of at least 0'],
    ['1', 0, 5, 'an integer from 0 to 5'],
  ])('refuses %o from %d to %d', (value, from, to, allowed) => {
    expect(failure(() => checkInteger('x', 'y', value, from, to))).toMatchObject({
      name: 'ParameterError',
      owner: 'x',
      parameter: 'y',
      allowed,
      received: value,
    });
  });
});

describe('checkNumber', () => {
  it('passes on a finite number that is accepted', () => {
    expect(checkNumber('x', 'y', 0.5, 'positive', (value) => value > 0)).toBe(0.5);
  });

  it.each([-1, Number.NaN, Infinity, '1', null])('refuses %o', (value) => {
    expect(failure(() => checkNumber('x', 'y', value, 'positive', (number) => number > 0))).toMatchObject({
      allowed: 'positive',
      received: value,
    });
  });
});

describe('checkOptionNames', () => {
  it('accepts known names, whatever they hold', () => {
    expect(() => checkOptionNames('x', { a: undefined, b: 1 }, ['a', 'b', 'c'])).not.toThrow();
  });

  it.each([
    ['tempreature', 'temperature'],
    ['Temperature', 'temperature'],
    ['top_p', 'topP'],
    ['minp', 'minP'],
    ['unrelated', undefined],
  ])('refuses %s and thinks of %s', (name, nearest) => {
    const error = failure(() => checkOptionNames('x', { [name]: 1 }, ['temperature', 'topP', 'minP']));
    expect(error).toBeInstanceOf(UnknownOptionError);
    expect(error).toMatchObject({ option: name, nearest, known: ['temperature', 'topP', 'minP'] });
  });
});
