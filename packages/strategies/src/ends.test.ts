import {
  type Control,
  DecodingState,
  type GenerateOptions,
  generate,
  generateBatch,
  type Sampler,
  type Strategy,
  sampling,
  type Tokenizer,
  TokenwrightError,
} from '@tokenwright/core';
import { ending, toyModel } from '@tokenwright/core/testing';
import { describe, expect, it } from 'vitest';
import {
  beamSearch,
  bestOf,
  constrainedBeamSearch,
  contrastiveSearch,
  earlyExit,
  groupBeamSearch,
  promptLookup,
  speculative,
  stochasticBeams,
} from './index.ts';

/** One letter per id. */
const letters: Tokenizer = {
  vocabSize: 8,
  encode: (text) => Array.from(text, (letter) => letter.charCodeAt(0) - 97),
  decode: (ids) => Array.from(ids, (id) => String.fromCharCode(97 + id)).join(''),
};

const strategies: readonly (readonly [string, () => Strategy])[] = [
  ['sampling', () => sampling()],
  ['beam search', () => beamSearch({ numBeams: 3 })],
  ['beam sampling', () => beamSearch({ numBeams: 3, doSample: true })],
  ['group beam search', () => groupBeamSearch({ numBeams: 4, numBeamGroups: 2, diversityPenalty: 1 })],
  ['constrained beam search', () => constrainedBeamSearch({ numBeams: 3, constraints: [{ phrase: [2, 5] }] })],
  ['stochastic beams', () => stochasticBeams({ numBeams: 3 })],
  ['best of 3', () => bestOf({ numCandidates: 3 })],
  ['contrastive search', () => contrastiveSearch({ topK: 3 })],
  ['speculation with a model', () => speculative({ draft: toyModel({ vocabSize: 8, seed: 9 }) })],
  ['speculation with an early exit', () => speculative({ draft: earlyExit({ layer: 1 }) })],
  ['speculation from the prompt', () => speculative({ draft: promptLookup() })],
];

describe.each(strategies)('%s', (_, open) => {
  const model = toyModel({ vocabSize: 8, seed: 5 });
  const endsOf = async (prompts: number[][], options: GenerateOptions = {}) =>
    (await generateBatch(model, prompts, { strategy: open(), seed: 3, eosTokenIds: [], ...options })).sequences;

  it('holds a minimum length against every kind of stop', async () => {
    const prompts = [[1, 2], [3]];
    for (const stop of [
      { eosTokenIds: [0, 1, 2, 3] },
      { stopStrings: ['a', 'b', 'c', 'd', 'e', 'f', 'g', 'h'], tokenizer: letters },
      { stopWhen: () => true },
      { stopStrings: ['a', 'b', 'c'], stopWhen: () => true, eosTokenIds: [4, 5], tokenizer: letters },
    ] satisfies GenerateOptions[]) {
      for (const { ids } of await endsOf(prompts, { ...stop, minNewTokens: 5, maxNewTokens: 9 }))
        expect(ids.length).toBeGreaterThanOrEqual(5);
      for (const { ids, promptIndex } of await endsOf(prompts, { ...stop, minLength: 6, maxNewTokens: 9 }))
        expect(ids.length).toBeGreaterThanOrEqual(6 - prompts[promptIndex]!.length);
    }
    expect(model.live.size).toBe(0);
  });

  it('ends at the time limit and on an abort, also below a minimum length', async () => {
    for (const [finishReason, interruption] of [
      ['timeout', { maxTime: 0 }],
      ['abort', { signal: AbortSignal.abort() }],
    ] as const)
      for (const end of await endsOf([[1, 2], [3]], { ...interruption, minNewTokens: 5, maxNewTokens: 9 })) {
        expect(end.finishReason).toBe(finishReason);
        expect(end.ids.length).toBeLessThan(5);
      }
    expect(model.live.size).toBe(0);
  });

  it('says which of the stop strings ended a text', async () => {
    const [end] = await endsOf([[1, 2]], {
      stopStrings: ['zz', 'a', 'b', 'c', 'd', 'e', 'f', 'g', 'h'],
      tokenizer: letters,
    });
    expect(end!.finishReason).toBe('stop');
    expect(end!.stopReason).toBe(letters.decode(end!.ids.slice(-1)));
  });

  it('ends where the chain leaves only the end token', async () => {
    const endsAt = (length: number): Sampler => ({
      name: 'ends-at',
      onHost(logits, { position }) {
        if (position >= length) for (const id of logits.keys()) if (id !== 0) logits[id] = -Infinity;
      },
    });
    const call = { samplers: [endsAt(6)], eosTokenIds: [0], maxNewTokens: 20 };
    const prompts = [[1, 2], [3]];
    for (const { ids, finishReason, promptIndex } of await endsOf(prompts, call)) {
      expect(finishReason).toBe('stop');
      expect(prompts[promptIndex]!.length + ids.length).toBeLessThanOrEqual(7);
    }
    expect(model.live.size).toBe(0);
  });

  it('gives the token of the last position of the context, and no more', async () => {
    const small = toyModel({ vocabSize: 8, seed: 5, contextLength: 7 });
    const { sequences } = await generateBatch(
      small,
      [
        [1, 2, 3],
        [1, 2, 3, 4, 5, 6],
        [1, 2, 3, 4, 5, 6, 7],
      ],
      {
        strategy: open(),
        seed: 3,
        eosTokenIds: [],
      },
    );
    expect(sequences.map((end) => [ending(end), end.ids.length])).toEqual([
      ['length: context', 5],
      ['length: context', 2],
      ['length: context', 1],
    ]);
    const alone = await generateBatch(small, [[1, 2, 3]], { strategy: open(), seed: 3, eosTokenIds: [] });
    expect(alone.sequences[0]!.ids).toEqual(sequences[0]!.ids);
    expect(small.live.size).toBe(0);
  });

  it('gives the same tokens to a shorter context as to a longer one, as far as it goes', async () => {
    const small = toyModel({ vocabSize: 8, seed: 5, contextLength: 7 });
    const run = async (lm: typeof small) =>
      (await generateBatch(lm, [[1, 2, 3]], { strategy: open(), seed: 3, eosTokenIds: [], maxNewTokens: 5 }))
        .sequences[0]!;
    const [short, long] = [await run(small), await run(model)];
    expect(short.finishReason).toBe('length');
    // Contrastive search cannot try candidates at the last position, and takes the most probable one there.
    const same = open().name === 'contrastive-search' ? 4 : 5;
    expect(short.ids.slice(0, same)).toEqual(long.ids.slice(0, same));
  });

  it('reports the prompt tokens that a cache spares it', async () => {
    const counting = toyModel({ vocabSize: 8, seed: 5 });
    const cache = counting.createCache();
    counting.forward([[1, 2, 3, 4, 5, 6]], cache).dispose();
    const prompt = [1, 2, 3, 4, 5, 6, 7, 1, 2, 3];
    const options: GenerateOptions = { strategy: open(), seed: 3, eosTokenIds: [], maxNewTokens: 1 };
    counting.fed = 0;
    const { usage } = (await generate(counting, prompt, { ...options, cache })).sequences[0]!;
    const fed = counting.fed;
    counting.fed = 0;
    const alone = (await generate(counting, prompt, options)).sequences[0]!;
    expect(alone.usage.cachedTokens).toBe(0);
    expect(counting.fed - fed).toBe(usage.cachedTokens);
    expect(usage.cachedTokens).toBe(open().name === 'contrastive-search' ? 0 : 6);
    cache.dispose();
    expect(counting.live.size).toBe(0);
  });

  it.each<unknown>([
    5,
    null,
    'stop',
    [],
    true,
    () => {},
    { force: 5 },
    { force: {} },
    { force: 'ab' },
    { force: [1.5] },
    { force: [99] },
    { force: [-1] },
    { force: [undefined] },
    { ban: null },
    { ban: [8] },
    { ban: [NaN] },
    { rewind: '1' },
    { rewind: -1 },
    { rewind: 99 },
    { rewind: NaN },
    { fork: 1 },
    { stop: 1 },
    { foo: 1 },
  ])('answers the control %j with a typed error, and leaks nothing', async (control) => {
    const state = DecodingState.open(model, [1, 2], { seed: 3 });
    const before = model.live.size;
    const stream = generate(model, state, { strategy: open(), eosTokenIds: [], maxNewTokens: 4 });
    while ((await stream.next()).value?.type !== 'token');
    await expect(stream.next(control as Control)).rejects.toThrow(TokenwrightError);
    expect(await stream.next()).toEqual({ done: true, value: undefined });
    expect(model.live.size).toBe(before);
    // The state continues after the tokens that were received.
    expect(state.history.length).toBe(3);
    expect((await generate(model, state, { eosTokenIds: [], maxNewTokens: 2 })).ids[0]).toHaveLength(2);
    state.dispose();
    expect(model.live.size).toBe(0);
  });

  it('refuses a control that answers no token, and can be read on', async () => {
    const options: GenerateOptions = { strategy: open(), seed: 3, eosTokenIds: [], maxNewTokens: 4, steps: true };
    const stream = generate(model, [1, 2], options);
    const refused = async (control: unknown) => {
      const answer = stream.next(control as Control);
      await expect(answer).rejects.toThrow('control must be an answer to a token event');
    };
    await refused({ stop: true });
    for await (const event of { [Symbol.asyncIterator]: () => stream })
      if (event.type !== 'token') for (const control of [{ stop: true }, { force: 5 }, 5, null]) await refused(control);
    expect((await stream).ids).toEqual((await endsOf([[1, 2]], { maxNewTokens: 4 })).map(({ ids }) => ids));
  });

  it.each([{}, { stop: false, rewind: 0, force: [], ban: [] }, { stop: undefined, force: undefined, fork: undefined }])(
    'takes an empty control for none: %j',
    async (empty) => {
      const stream = generate(model, [1, 2], { strategy: open(), seed: 3, eosTokenIds: [], maxNewTokens: 4 });
      let end: unknown;
      for (let next = await stream.next(); !next.done; next = await stream.next(empty)) end = next.value;
      expect(end).toMatchObject({ type: 'end', ids: (await endsOf([[1, 2]], { maxNewTokens: 4 }))[0]!.ids });
    },
  );
});

it('disposes a fork whose receiver throws', async () => {
  const model = toyModel({ vocabSize: 8 });
  const stream = generate(model, [1, 2], { seed: 3, maxNewTokens: 4 });
  await stream.next();
  const refused = stream.next({
    fork: () => {
      throw new Error('mine');
    },
  });
  await expect(refused).rejects.toThrow('mine');
  expect(model.live.size).toBe(0);
});

it('contrastive search continues after the reader takes tokens of a full context back', async () => {
  const small = toyModel({ vocabSize: 8, seed: 5, contextLength: 6 });
  const stream = generate(
    small,
    [
      [1, 2, 3],
      [4, 5],
    ],
    { strategy: contrastiveSearch({ topK: 3 }), seed: 3, eosTokenIds: [] },
  );
  const ids: (readonly number[])[] = [];
  let seen = 0;
  for (let next = await stream.next(); !next.done; ) {
    const { value } = next;
    if (value.type === 'end') ids[value.promptIndex] = value.ids;
    // The fourth token is the one that the last position gives.
    const isLast = value.type === 'token' && value.promptIndex === 0 && ++seen === 4;
    next = await stream.next(isLast ? { rewind: 2 } : undefined);
  }
  const plain = await generateBatch(
    small,
    [
      [1, 2, 3],
      [4, 5],
    ],
    { strategy: contrastiveSearch({ topK: 3 }), seed: 3, eosTokenIds: [] },
  );
  expect(ids).toEqual(plain.ids);
  expect(small.live.size).toBe(0);
});
