/** A value that no option means, and whether somebody read more of it than a bounded reader needs. */
export interface Hostile {
  readonly value: unknown;
  /** True after more reads than any check needs: with a real endless value, the reader would never return. */
  ranAway(): boolean;
}

/** What a function of the caller throws. It passes through the library unchanged. */
export class CallerError extends Error {}

/** Reads of one value after which the reader is taken to be in an endless loop. */
const mostReads = 20_000;

const plain = (value: unknown): Hostile => ({ value, ranAway: () => false });

/** Counts reads, and ends an endless loop with an error. */
class Meter {
  reads = 0;

  count(): void {
    if (++this.reads > mostReads) throw new RangeError('an endless value was read for too long');
  }

  hostile(value: unknown): Hostile {
    return { value, ranAway: () => this.reads > mostReads };
  }
}

function endlessIterator(): Hostile {
  const meter = new Meter();
  return meter.hostile({
    [Symbol.iterator]: () => ({
      next() {
        meter.count();
        return { done: false, value: 1 };
      },
    }),
  });
}

/** Every read gives the proxy again, or for a length a very large number. */
function endlessProxy(target: object, length: unknown): Hostile {
  const meter = new Meter();
  const proxy: object = new Proxy(target, {
    get(_, key) {
      meter.count();
      if (key === 'length') return length;
      if (key === 'then' || typeof key === 'symbol') return undefined;
      return Array.isArray(target) ? 1 : proxy;
    },
    has() {
      meter.count();
      return true;
    },
  });
  return meter.hostile(proxy);
}

function throwingProxy(target: object): object {
  const fail = (): never => {
    throw new TypeError('a trap of the proxy failed');
  };
  return new Proxy(target, {
    get: fail,
    has: fail,
    ownKeys: fail,
    getPrototypeOf: fail,
    getOwnPropertyDescriptor: fail,
  });
}

function revokedProxy(target: object): object {
  const { proxy, revoke } = Proxy.revocable(target, {});
  revoke();
  return proxy;
}

/** A list with a length that no caller means, counted. */
function longArrayLike(): Hostile {
  const meter = new Meter();
  const list = {};
  Object.defineProperty(list, 'length', { value: 1e9, enumerable: true });
  return meter.hostile(
    new Proxy(list, {
      get(target, key) {
        meter.count();
        return key === '0' || key === '1' ? 1 : Reflect.get(target, key);
      },
      has(target, key) {
        meter.count();
        return Reflect.has(target, key);
      },
    }),
  );
}

const circular: Record<string, unknown> = {};
circular.self = circular;
const circularList: unknown[] = [];
circularList.push(circularList);

/** Nested so deeply that a recursive reader overflows the stack. */
function deep(levels: number): unknown {
  let value: unknown = [];
  for (let level = 0; level < levels; level++) value = [value];
  return value;
}

class Instance {
  readonly temperature = 1;
}

const throwing = (name: string): object =>
  Object.defineProperty({}, name, {
    enumerable: true,
    get() {
      throw new TypeError(`the getter of ${name} failed`);
    },
  });

/** What a careless or hostile caller may give for any option, by name. Each call gives fresh values. */
export const hostileValues: Readonly<Record<string, () => Hostile>> = {
  ...Object.fromEntries(
    Object.entries<() => unknown>({
      undefined: () => undefined,
      null: () => null,
      NaN: () => Number.NaN,
      Infinity: () => Infinity,
      '-Infinity': () => -Infinity,
      '-0': () => -0,
      '0': () => 0,
      '1': () => 1,
      '1.5': () => 1.5,
      '-1': () => -1,
      '2^31': () => 2 ** 31,
      '2^53': () => 2 ** 53,
      'smallest number': () => Number.MIN_VALUE,
      'largest number': () => Number.MAX_VALUE,
      "''": () => '',
      "'x'": () => 'x',
      "'5'": () => '5',
      "'true'": () => 'true',
      "'yes'": () => 'yes',
      "'__proto__'": () => '__proto__',
      "'constructor'": () => 'constructor',
      "'toString'": () => 'toString',
      'a null byte': () => 'a\0b',
      'half a character': () => '\ud800',
      'a long text': () => 'x'.repeat(1_000_000),
      true: () => true,
      false: () => false,
      '[]': () => [],
      '[NaN]': () => [Number.NaN],
      '[null]': () => [null],
      '[undefined]': () => [undefined],
      "['x']": () => ['x'],
      '[1.5]': () => [1.5],
      '[-1]': () => [-1],
      '[2^53]': () => [2 ** 53],
      '[1n]': () => [1n],
      '[[]]': () => [[]],
      '[[[1]]]': () => [[[1]]],
      '[{}]': () => [{}],
      '[a symbol]': () => [Symbol('x')],
      '[a hostile proxy]': () => [throwingProxy({})],
      // biome-ignore lint/suspicious/noSparseArray: a list with a hole is what is given.
      'a list with a hole': () => [1, , 2],
      'a long list of holes': () => new Array(4e9),
      'a list in itself': () => circularList,
      'deep lists': () => deep(20_000),
      '{}': () => ({}),
      'an array-like': () => ({ length: 2, 0: 1, 1: 2 }),
      'an object in itself': () => circular,
      'no prototype': () => Object.create(null),
      'inherited keys': () => Object.create({ temperature: 1, length: 1, 0: 1 }),
      'a __proto__ key': () => JSON.parse('{ "__proto__": 1 }'),
      'a constructor key': () => ({ constructor: 1 }),
      'a function': () => () => 1,
      'an async function': () => async () => 1,
      'a function that throws': () => () => {
        throw new CallerError('the function failed');
      },
      'a class': () => Instance,
      'an instance': () => new Instance(),
      'a symbol': () => Symbol('x'),
      'a bigint': () => 1n,
      'a date': () => new Date(0),
      'an invalid date': () => new Date(Number.NaN),
      'a map': () => new Map([['temperature', 1]]),
      'a set': () => new Set([1]),
      'a weak map': () => new WeakMap(),
      'a regular expression': () => /x/g,
      'an error': () => new Error('x'),
      'a promise': () => Promise.resolve(1),
      'a boxed number': () => Object(5),
      'a boxed text': () => Object('x'),
      'a boxed boolean': () => Object(false),
      bytes: () => new Uint8Array([1, 2]),
      floats: () => new Float32Array([1.5, Number.NaN]),
      bigints: () => new BigInt64Array(2),
      'a data view': () => new DataView(new ArrayBuffer(4)),
      'a buffer': () => new ArrayBuffer(8),
      'a generator': () =>
        (function* () {
          yield 1;
        })(),
      'a throwing proxy': () => throwingProxy({}),
      'a throwing proxy of a list': () => throwingProxy([]),
      'a throwing proxy of a function': () => throwingProxy(() => 1),
      'a revoked proxy': () => revokedProxy({}),
      'a revoked proxy of a list': () => revokedProxy([]),
      'a throwing length': () => throwing('length'),
      'a throwing name': () => throwing('name'),
      'a throwing toString': () => throwing('toString'),
      'a throwing toJSON': () => throwing('toJSON'),
      'a throwing text': () => ({
        toString() {
          throw new TypeError('toString failed');
        },
      }),
    }).map(([name, make]) => [name, () => plain(make())]),
  ),
  'a long array-like': longArrayLike,
  'an endless iterator': endlessIterator,
  'an endless proxy': () => endlessProxy({}, 1e9),
  'an endless proxy of a list': () => endlessProxy([], 1e9),
  'an endless proxy of a function': () => endlessProxy(() => 1, 1e9),
  'an endless length': () => endlessProxy([], {}),
};
