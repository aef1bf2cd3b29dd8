import { describe, expect, it, test } from 'vitest';
import {
  CacheError,
  DisposedError,
  InvalidLogitsError,
  ParameterError,
  ShapeError,
  UnknownOptionError,
  UnsupportedError,
} from '../errors.ts';
import { DecodingState } from '../generate/contract/decoding-state.ts';
import { generate } from '../generate/generate.ts';
import type { LanguageModel } from '../model/language-model.ts';
import { generationCases, modelCases, toyModel } from '../testing/index.ts';
import { type HostModelOptions, hostModel } from './host-model.ts';
import type { HostModel } from './host-model-base.ts';

const toy = toyModel();
const sizes = { vocabSize: 8, contextLength: 64 };

/** The toy's logits depend on two tokens, which are the state. */
const step = (state: readonly number[] = [], id: number) => {
  const last = [...state.slice(-1), id];
  return { state: last, logits: toy.logitsAfter(last) };
};

const forms: readonly [string, HostModelOptions<readonly number[]>][] = [
  ['a function', { ...sizes, logits: (ids) => toy.logitsAfter(ids) }],
  ['a function that returns a plain array', { ...sizes, logits: (ids) => [...toy.logitsAfter(ids)] }],
  [
    'an asynchronous function',
    {
      ...sizes,
      logits: async (ids) => {
        await Promise.resolve();
        return toy.logitsAfter(ids);
      },
    },
  ],
  ['a step function', { ...sizes, step }],
  ['an asynchronous step function', { ...sizes, step: async (state, id) => step(state, id) }],
];

/** Caches and results of a model that are not disposed. */
function counted(model: LanguageModel): () => { bytes: number; buffers: number } {
  const live = new Set<object>();
  const host = model as HostModel;
  host.opened = (object) => void live.add(object);
  host.closed = (object) => void live.delete(object);
  return () => ({ bytes: 0, buffers: live.size });
}

describe.each(forms)('a model of %s', (_, options) => {
  const model = hostModel(options);
  const memory = counted(model);
  const cases = [...modelCases(model, { memory, kinds: ['static', 'dynamic'], tolerance: 0 })];
  for (const { name, run } of [...cases, ...generationCases(model, { memory, longRun: 200 })]) test(name, run);

  it('gives the tokens of the model that the function was taken from', async () => {
    const prompts = [[1, 2, 3], [4], [5, 6]];
    const ids = async (of: LanguageModel) =>
      (await generate(of, prompts, { samplers: [], seed: 7, maxNewTokens: 20, numReturnSequences: 2 })).ids;
    expect(await ids(model)).toEqual(await ids(toy));
  });
});

describe('the function', () => {
  it('is called only for logits that are read, once each', async () => {
    const seen: string[] = [];
    const logits = (ids: Int32Array): Float32Array => {
      seen.push(ids.join(' '));
      return toy.logitsAfter(ids);
    };
    const model = hostModel({ ...sizes, logits });
    const cache = model.createCache({ rows: 2 });
    model.forward([[1, 2], [3]], cache).dispose();
    expect(seen).toEqual([]);
    const result = model.forward([[4, 5, 6], [7]], cache, { scored: 2 });
    cache.truncate([0, 0]);
    model.forward([[2], [2]], cache).dispose();
    await result.logits.read([0]);
    await result.logits.read();
    expect(seen).toEqual(['1 2 4 5', '1 2 4 5 6', '3 7']);
  });

  it('may change its ids, and return the same buffer every time', async () => {
    const buffer = new Float32Array(8);
    const logits = (ids: Int32Array): Float32Array => {
      buffer.set(toy.logitsAfter(ids));
      ids.fill(0);
      return buffer;
    };
    const model = hostModel({ ...sizes, logits });
    const result = model.forward([[1, 2, 3]], model.createCache(), { scored: 2 });
    expect(await result.logits.read()).toEqual(
      Float32Array.of(...toy.logitsAfter([1, 2]), ...toy.logitsAfter([1, 2, 3])),
    );
  });

  it('is called with one step per new token, also after a rewind and in a fork', async () => {
    let steps = 0;
    const model = hostModel<readonly number[]>({
      ...sizes,
      step: (state, id) => {
        steps++;
        return step(state, id);
      },
    });
    const cache = model.createCache();
    const read = async (tokens: number[], into = cache): Promise<number> => {
      const before = steps;
      await model.forward([tokens], into).logits.read();
      return steps - before;
    };
    expect(await read([1, 2, 3, 4, 5])).toBe(5);
    expect(await read([6])).toBe(1);
    const fork = cache.fork();
    cache.truncate([4]);
    expect(await read([7])).toBe(1);
    expect(await read([7], fork as typeof cache)).toBe(1);
    const restored = model.restoreCache(await cache.serialize());
    expect(await read([1], restored as typeof cache)).toBe(6);
  });

  it.each<[unknown, abstract new (...args: never[]) => Error, string]>([
    [undefined, ParameterError, "hostModel: the result of 'logits' must be a Float32Array or an array of 8 numbers"],
    ['8 numbers', ParameterError, "the result of 'logits'"],
    [new BigInt64Array(8), ParameterError, "the result of 'logits'"],
    [new DataView(new ArrayBuffer(8)), ParameterError, "the result of 'logits'"],
    [new Float32Array(7), ShapeError, "the result of 'logits' must have shape [8], but it has [7]"],
    [[1, 2], ShapeError, "the result of 'logits' must have shape [8], but it has [2]"],
    [[0, 1, '2', 3, 4, 5, 6, 7], ParameterError, "the result of 'logits' at id 2 must be a number, but '2' was given"],
  ])('that returns %o is an error that names it', async (returned, type, message) => {
    let faulty = true;
    const logits = (ids: Int32Array) => (faulty ? (returned as Float32Array) : toy.logitsAfter(ids));
    const model = hostModel({ ...sizes, logits });
    const cache = model.createCache();
    const result = model.forward([[1, 2]], cache);
    const error = await result.logits.read().catch((caught: unknown) => caught);
    expect(error).toBeInstanceOf(type);
    expect((error as Error).message).toContain(message);
    faulty = false;
    expect(await model.forward([[3]], cache).logits.read()).toEqual(toy.logitsAfter([2, 3]));
  });

  it('that steps to something else than a state and logits is an error that names it', async () => {
    const model = hostModel({ ...sizes, step: (() => new Float32Array(8)) as never });
    const result = model.forward([[1]], model.createCache());
    await expect(result.logits.read()).rejects.toThrow("the result of 'step' must be an object with state and logits");
  });

  it('that throws passes its error on, and the model stays usable', async () => {
    let calls = 0;
    const logits = (ids: Int32Array): Float32Array => {
      if (++calls === 3) throw new RangeError('planted');
      return toy.logitsAfter(ids);
    };
    const model = hostModel({ ...sizes, logits });
    const cache = model.createCache();
    await expect(generate(model, [1], { cache, maxNewTokens: 5, seed: 7 })).rejects.toThrow('planted');
    const again = await generate(model, [1], { cache, maxNewTokens: 5, seed: 7 });
    expect(again.ids).toEqual((await generate(toy, [1], { maxNewTokens: 5, seed: 7 })).ids);
  });

  it.each([NaN, Infinity])('that returns %d is reported as invalid logits of the model', async (value) => {
    const model = hostModel({ ...sizes, logits: () => [0, 0, value, 0, 0, 0, 0, 0] });
    const error = await generate(model, [1, 2]).catch((caught: unknown) => caught);
    expect(error).toBeInstanceOf(InvalidLogitsError);
    expect(error).toMatchObject({ stage: 'model', position: 2, token: 2 });
  });
});

describe('hostModel', () => {
  const logits = (ids: Int32Array): Float32Array => toy.logitsAfter(ids);

  it('fills in a name, and takes end tokens and defaults', async () => {
    expect(hostModel({ ...sizes, logits })).toMatchObject({ name: 'host-model', defaults: {}, layers: 0 });
    const model = hostModel({ ...sizes, logits, name: 'mine', eosTokenIds: [3], defaults: { maxNewTokens: 4 } });
    expect(model).toMatchObject({ name: 'mine', defaults: { eosTokenIds: [3], maxNewTokens: 4 } });
    const { sequences } = await generate(model, [1], { seed: 7 });
    expect(sequences[0]!.ids.length).toBeLessThanOrEqual(4);
  });

  it.each<[string, object, abstract new (...args: never[]) => Error]>([
    ['no function', sizes, ParameterError],
    ['both functions', { ...sizes, logits, step }, ParameterError],
    ['something else than a function', { ...sizes, logits: [1, 2] }, ParameterError],
    ['no vocabulary', { contextLength: 8, logits }, ParameterError],
    ['an empty context', { vocabSize: 8, contextLength: 0, logits }, ParameterError],
    ['an end token outside the vocabulary', { ...sizes, logits, eosTokenIds: [8] }, ParameterError],
    ['end tokens twice', { ...sizes, logits, eosTokenIds: [1], defaults: { eosTokenIds: [1] } }, ParameterError],
    ['a name that is not a string', { ...sizes, logits, name: 7 }, ParameterError],
    ['an unknown option', { ...sizes, logits, vocab: 8 }, UnknownOptionError],
    ['an unknown default', { ...sizes, logits, defaults: { maxTokens: 8 } }, UnknownOptionError],
  ])('refuses %s', (_, options, type) => {
    expect(() => hostModel(options as never)).toThrow(type);
  });

  it('says that it has no hidden states, early exits and other caches', () => {
    const model = hostModel({ ...sizes, logits });
    const cache = model.createCache();
    expect(() => model.forward([[1]], cache, { hidden: true })).toThrow(UnsupportedError);
    expect(() => model.forward([[1]], cache, { earlyExits: [0] })).toThrow(UnsupportedError);
    expect(() => model.createCache({ kind: 'f16' })).toThrow(UnsupportedError);
    expect(() => model.createCache({ kind: { kind: 'window', size: 8 } })).toThrow(UnsupportedError);
    expect(cache.lengths).toEqual([0]);
  });

  it('restores caches and states in a model of the same fingerprint, and in no other', async () => {
    const [first, second] = [0, 1].map(() => hostModel({ ...sizes, logits, fingerprint: 'toy, seed 1' }));
    const state = DecodingState.open(first!, [1, 2], { seed: 7 });
    await generate(first!, state, { maxNewTokens: 3 });
    const bytes = await state.serialize();
    const restored = DecodingState.restore(second!, bytes);
    const [expected, received] = await Promise.all(
      [generate(first!, state, { maxNewTokens: 5 }), generate(second!, restored, { maxNewTokens: 5 })].map(
        (stream) => stream,
      ),
    );
    expect(received!.ids).toEqual(expected!.ids);
    expect(() => DecodingState.restore(hostModel({ ...sizes, logits }), bytes)).toThrow(CacheError);
    const [a, b] = [hostModel({ ...sizes, logits }), hostModel({ ...sizes, logits })];
    expect(a.fingerprint).not.toBe(b.fingerprint);
    state.dispose();
    restored.dispose();
  });

  it('cannot be used after it is disposed, nor its caches after they are', () => {
    const model = hostModel({ ...sizes, logits });
    const cache = model.createCache();
    cache.dispose();
    cache.dispose();
    expect(cache.bytes).toBe(0);
    for (const use of [() => model.forward([[1]], cache), () => cache.fork(), () => cache.gather([0])])
      expect(use).toThrow(DisposedError);
    const open = model.createCache();
    model.dispose();
    for (const use of [() => model.forward([[1]], open), () => model.createCache()]) expect(use).toThrow(DisposedError);
    open.dispose();
  });
});
