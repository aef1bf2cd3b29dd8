import { describe, expect, test } from 'vitest';
import { score } from '../analysis/score.ts';
import { ContextLengthError, ParameterError, TokenwrightError, UnknownOptionError } from '../errors.ts';
import { ending } from '../testing/ending.ts';
import { toyModel } from '../testing/index.ts';
import { DecodingState } from './contract/decoding-state.ts';
import type { GenerateOptions } from './contract/options.ts';
import { generate, generateText } from './generate.ts';

const model = toyModel({ vocabSize: 8, seed: 5, contextLength: 16 });
const ends = async (prompt: Parameters<typeof generate>[1], options: GenerateOptions = {}) =>
  (await generate(model, prompt, { eosTokenIds: [], seed: 1, ...options })).sequences;

describe('a full context', () => {
  test.each([
    [14, 3],
    [15, 2],
    [16, 1],
  ])('a prompt of %d tokens leaves room for %d', async (length, count) => {
    const [end] = await ends(new Array<number>(length).fill(1));
    expect([end!.ids.length, ending(end!)]).toEqual([count, 'length: context']);
  });

  test('a state that is full ends at once, however often it is asked', async () => {
    const state = DecodingState.open(model, new Array<number>(15).fill(1), { seed: 1 });
    const counts: number[] = [];
    for (let call = 0; call < 3; call++) {
      const [end] = (await generate(model, state, { eosTokenIds: [] })).sequences;
      counts.push(end!.ids.length);
    }
    expect(counts).toEqual([2, 0, 0]);
    expect(state.history.length).toBe(17);
    state.dispose();
  });

  test('a state that is too long is refused before anything is fed', async () => {
    const state = DecodingState.open(model, new Array<number>(20).fill(1), { seed: 1 });
    await expect(generate(model, state)).rejects.toThrow(ContextLengthError);
    expect(state.cache.lengths).toEqual([0]);
    state.dispose();
  });

  test('the error of a batch names the row', async () => {
    await expect(ends([[1], new Array<number>(17).fill(1)])).rejects.toThrow('prompts[1]');
  });
});

test('a cache of another model is refused and stays as it is', async () => {
  const other = toyModel({ seed: 7 });
  const own = other.createCache();
  other.forward([[1, 2, 3, 4, 5]], own).dispose();
  await expect(ends([1, 7], { cache: own })).rejects.toThrow(/not made by/);
  expect(own.lengths).toEqual([5]);
  own.dispose();
});

describe('nothing is ignored', () => {
  test.each<[string, GenerateOptions]>([
    ['eosTokenIds', { eosTokenIds: [99] }],
    ['forcedBosTokenId', { forcedBosTokenId: 99 }],
    ['minNewTokens', { minNewTokens: 20, maxNewTokens: 3 }],
    ['minLength', { minLength: 12, maxLength: 9 }],
    ['cache', { cache: {} as never }],
  ])('%s', async (name, options) => {
    const call = async (): Promise<unknown> => ends([1, 2], options);
    await expect(call()).rejects.toThrow(ParameterError);
    await expect(call()).rejects.toThrow(name);
  });

  test('values that are not prompts or options', () => {
    expect(() => generate(model, null as never)).toThrow(ParameterError);
    expect(() => generate(model, [1], null as never)).toThrow(ParameterError);
  });

  test('several sequences as one text', () => {
    const tokenizer = { vocabSize: 8, encode: () => [1], decode: () => '' };
    expect(() => generateText(model, tokenizer, 'a', { numReturnSequences: 2 })).toThrow(/generate returns several/);
  });

  test("a tokenizer besides the state's", () => {
    const tokenizer = { vocabSize: 8, encode: () => [1], decode: () => '' };
    const state = DecodingState.open(model, [1], { tokenizer });
    expect(() => generate(model, state, { tokenizer: { ...tokenizer } })).toThrow(/tokenizer/);
    state.dispose();
  });

  test('a kind of cache that does not exist, also by the toy model', () => {
    expect(() => model.createCache({ kind: 'dynami' as never })).toThrow("Did you mean 'dynamic'");
  });

  test('the beginning of a name is taken for the name', () => {
    expect(() => generate(model, [1], { stop: [] } as never)).toThrow("Did you mean 'stopStrings'");
  });
});

test('a minimum length counts from the call, also on a state', async () => {
  const state = DecodingState.open(model, [1, 2], { seed: 1 });
  await generate(model, state, { maxNewTokens: 3, eosTokenIds: [] });
  const favorEnd = { name: 'favor-end', onHost: (logits: Float32Array) => logits.set([logits[0]! + 50], 0) };
  const [end] = (
    await generate(model, state, { minNewTokens: 3, maxNewTokens: 5, eosTokenIds: [0], samplers: [favorEnd] })
  ).sequences;
  expect(end!.ids).toHaveLength(4);
  state.dispose();
});

describe('several controls of a reader', () => {
  const steered = async (answer: object, at: number, options: GenerateOptions = {}): Promise<readonly number[]> => {
    const stream = generate(model, [1, 2], { eosTokenIds: [], seed: 3, maxNewTokens: 6, ...options });
    let ids: readonly number[] = [];
    let seen = 0;
    for (let next = await stream.next(); !next.done; ) {
      if (next.value.type === 'end') ids = next.value.ids;
      next = await stream.next(next.value.type === 'token' && seen++ === at ? answer : undefined);
    }
    return ids;
  };

  test('a ban waits for the draw after the forced tokens', async () => {
    const drawn = (await steered({ force: [5, 5] }, 1))[4]!;
    const banned = await steered({ force: [5, 5], ban: [drawn] }, 1);
    expect(banned.slice(2, 4)).toEqual([5, 5]);
    expect(banned[4]).not.toBe(drawn);
  });

  test('forced tokens do not go past the end', async () => {
    const plain = await steered({}, 0);
    const ended = await steered({ force: [7] }, 2, { stopWhen: ({ history }) => history.length === 5 });
    expect(ended).toEqual(plain.slice(0, 3));
  });
});

test('scoring lets timers run, so that it can be aborted', async () => {
  const controller = new AbortController();
  setTimeout(() => controller.abort(), 1);
  const long = toyModel({ vocabSize: 8, contextLength: 20_000 });
  const ids = new Array<number>(20_000).fill(1);
  await expect(score(long, ids, { chunk: 1, signal: controller.signal })).rejects.toThrow(/abort/i);
});

test('isInstance of a class knows its own kind, also of another copy', () => {
  const parameter = new ParameterError('a', 'b', 'c', 1);
  expect(ParameterError.isInstance(parameter)).toBe(true);
  expect(TokenwrightError.isInstance(parameter)).toBe(true);
  expect(UnknownOptionError.isInstance(parameter)).toBe(false);
  expect(ParameterError.isInstance({ name: 'ParameterError', isTokenwrightError: true })).toBe(true);
  expect(ParameterError.isInstance(new Error('x'))).toBe(false);
});
