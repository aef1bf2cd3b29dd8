import { type GenerateOptions, generateBatch, type Strategy, type Tokenizer } from '@tokenwright/core';
import { toyModel } from '@tokenwright/core/testing';
import { describe, expect, it } from 'vitest';
import { beamSearch, bestOf, constrainedBeamSearch, groupBeamSearch, stochasticBeams } from './index.ts';

// Work is counted, not timed: a token must cost the same at any length.

const model = toyModel({ vocabSize: 8, seed: 5, contextLength: 1000 });
const common: GenerateOptions = { seed: 3, eosTokenIds: [] };

/** A tokenizer of one letter per token, which counts the ids that it decodes. */
function countingTokenizer(): Tokenizer & { calls: number; ids: number } {
  return {
    vocabSize: 8,
    calls: 0,
    ids: 0,
    encode: (text) => Array.from(text, (letter) => 'abcdefgh'.indexOf(letter)),
    decode(ids) {
      this.calls++;
      this.ids += ids.length;
      return Array.from(ids, (id) => 'abcdefgh'[id]).join('');
    },
  };
}

describe.each<[string, () => Strategy]>([
  ['beam search', () => beamSearch({ numBeams: 3 })],
  ['group beam search', () => groupBeamSearch({ numBeams: 4, numBeamGroups: 2, diversityPenalty: 1 })],
  ['constrained beam search', () => constrainedBeamSearch({ numBeams: 3, constraints: [{ phrase: [5, 4] }] })],
  ['stochastic beams', () => stochasticBeams({ numBeams: 3 })],
  ['best of 3', () => bestOf({ numCandidates: 3 })],
])('the text of %s', (_, open) => {
  const decoded = async (
    maxNewTokens: number,
    more: GenerateOptions,
  ): Promise<ReturnType<typeof countingTokenizer>> => {
    const tokenizer = countingTokenizer();
    const options = { ...common, ...more, strategy: open(), tokenizer, maxNewTokens };
    const { sequences } = await generateBatch(model, [[1, 2, 3]], options);
    expect(sequences[0]!.ids.length).toBe(maxNewTokens);
    return tokenizer;
  };

  it('is decoded in linear work with a stop string', async () => {
    // The string holds a letter that the tokenizer does not have, so it never matches.
    const [short, long] = [await decoded(50, { stopStrings: ['abz'] }), await decoded(200, { stopStrings: ['abz'] })];
    expect(short.calls).toBeGreaterThan(50);
    expect(long.calls / short.calls).toBeLessThan(4.2);
    expect(long.ids / short.ids).toBeLessThan(4.2);
  });

  it('is decoded only when it is emitted, without a condition that reads text', async () => {
    // Two calls per token, for the text before and after it, and a few at the borders.
    expect((await decoded(50, {})).calls).toBeLessThan(2 * 50 + 20);
  });
});

it('a stop string ends a hypothesis at the same token as it ends plain decoding', async () => {
  const tokenizer = countingTokenizer();
  const options: GenerateOptions = { ...common, tokenizer, maxNewTokens: 30 };
  const plain = await generateBatch(model, [[1, 2, 3]], { ...options, strategy: beamSearch({ numBeams: 1 }) });
  const text = plain.sequences[0]!.text!;
  const stopStrings = [text.slice(10, 13)];
  const { sequences } = await generateBatch(model, [[1, 2, 3]], {
    ...options,
    stopStrings,
    strategy: beamSearch({ numBeams: 1 }),
  });
  const end = text.indexOf(stopStrings[0]!);
  expect(sequences[0]).toMatchObject({ finishReason: 'stop', stopReason: stopStrings[0], text: text.slice(0, end) });
  expect(sequences[0]!.ids).toEqual(plain.ids[0]!.slice(0, end + 3));
});

/** Elements that a call copies from one array to another by `concat`, `slice` or spreading. */
async function copiedBy(call: () => Promise<unknown>): Promise<number> {
  const { prototype } = Array;
  const { concat, slice, [Symbol.iterator]: iterate } = prototype;
  let copied = 0;
  const counting = (method: unknown): unknown =>
    function (this: unknown[], ...values: unknown[]): unknown {
      copied += this.length;
      return (method as (...values: unknown[]) => unknown).apply(this, values);
    };
  try {
    // Spreading a list goes through its iterator.
    Object.assign(prototype, {
      concat: counting(concat),
      slice: counting(slice),
      [Symbol.iterator]: counting(iterate),
    });
    await call();
  } finally {
    Object.assign(prototype, { concat, slice, [Symbol.iterator]: iterate });
  }
  return copied;
}

it('best of n copies no list per token', async () => {
  const copied = (maxNewTokens: number): Promise<number> =>
    copiedBy(async () => {
      const options = { ...common, samplers: [], strategy: bestOf({ numCandidates: 3 }), maxNewTokens, logprobs: true };
      const { sequences } = await generateBatch(model, [[1, 2, 3]], options);
      if (sequences[0]!.ids.length !== maxNewTokens) throw new RangeError('too short');
    });
  const [short, long] = [await copied(50), await copied(200)];
  expect(short).toBeGreaterThan(50);
  expect(long / short).toBeLessThan(4.5);
});

it('the count of copies notices a list that is copied per token', async () => {
  const copied = (tokens: number): Promise<number> =>
    copiedBy(async () => {
      let list: number[] = [];
      for (let i = 0; i < tokens; i++) list = [...list, i];
    });
  expect((await copied(200)) / (await copied(50))).toBeGreaterThan(10);
});
