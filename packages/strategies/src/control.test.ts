import { type Control, type Explanation, generate, type Strategy, sampling, UnsupportedError } from '@tokenwright/core';
import { toyModel } from '@tokenwright/core/testing';
import { mirostat2 } from '@tokenwright/samplers';
import { describe, expect, it } from 'vitest';
import { beamSearch, bestOf, contrastiveSearch, promptLookup, speculative } from './index.ts';

const model = toyModel({ vocabSize: 8, seed: 5 });
const prompts = [
  [1, 2, 3],
  [4, 0, 2, 1, 5],
];

/** The ids of both prompts when the reader answers token `at` of prompt 0, from 0, with `control`. */
async function controlled(strategy: Strategy, at: number, control: Control): Promise<(readonly number[])[]> {
  const stream = generate(model, prompts, { strategy, seed: 3, maxNewTokens: 8, eosTokenIds: [] });
  const ids: (readonly number[])[] = [];
  let seen = 0;
  for (let next = await stream.next(); !next.done; ) {
    const { value } = next;
    if (value.type === 'end') ids[value.promptIndex] = value.ids;
    next = await stream.next(value.type === 'token' && value.promptIndex === 0 && seen++ === at ? control : undefined);
  }
  return ids;
}

describe.each<[string, () => Strategy]>([
  ['sampling', () => sampling()],
  [
    'speculation',
    () => speculative({ draft: toyModel({ vocabSize: 8, seed: 5 }), numAssistantTokens: 4, accept: 'match' }),
  ],
  [
    'speculation from the prompt',
    () => speculative({ draft: promptLookup({ maxMatchingNgramSize: 1 }), accept: 'match' }),
  ],
  ['contrastive search', () => contrastiveSearch({ topK: 3 })],
])('a reader of %s', (_, open) => {
  it('forces, bans, rewinds and stops without effect on the other prompt', async () => {
    const plain = await controlled(open(), 0, {});
    const forced = await controlled(open(), 1, { force: [7, 0, 7] });
    expect(forced[0]!.slice(0, 5)).toEqual([...plain[0]!.slice(0, 2), 7, 0, 7]);
    const banned = await controlled(open(), 2, { ban: [plain[0]![3]!] });
    expect(banned[0]!.slice(0, 3)).toEqual(plain[0]!.slice(0, 3));
    expect(banned[0]![3]).not.toBe(plain[0]![3]);
    const again = await controlled(open(), 4, { rewind: 3 });
    expect(again[0]).toEqual(plain[0]);
    const stopped = await controlled(open(), 4, { stop: true });
    expect(stopped[0]).toEqual(plain[0]!.slice(0, 5));
    for (const ids of [forced, banned, again, stopped]) {
      expect(ids[1]).toEqual(plain[1]);
      expect(ids[0]!.length).toBeLessThanOrEqual(8);
    }
    expect(model.live.size).toBe(0);
  });
});

describe.each<[string, () => Strategy]>([
  ['beam search', () => beamSearch({ numBeams: 3 })],
  ['best of 3', () => bestOf({ numCandidates: 3 })],
])('a reader of %s', (_, open) => {
  it('may stop; other controls are refused, because the sequence is complete', async () => {
    const plain = await controlled(open(), 0, {});
    expect((await controlled(open(), 2, { stop: true }))[0]).toEqual(plain[0]!.slice(0, 3));
    for (const control of [{ force: [1] }, { ban: [1] }, { rewind: 1 }, { fork: () => {} }] satisfies Control[])
      await expect(controlled(open(), 2, control)).rejects.toThrow(UnsupportedError);
    expect(model.live.size).toBe(0);
  });
});

it('counts only emitted tokens as accepted', async () => {
  const strategy = speculative({ draft: model, numAssistantTokens: 6 });
  const [end] = (await generate(model, [1, 2, 3], { strategy, seed: 3, stopWhen: () => true })).sequences;
  expect(end!.usage).toMatchObject({ completionTokens: 1, draftedTokens: 6, acceptedTokens: 1 });
});

it('explains accepted tokens with the sampler state after the tokens before them', async () => {
  const explained = async (strategy?: Strategy): Promise<Explanation[]> => {
    const found: Explanation[] = [];
    const options = { samplers: [mirostat2({ tau: 2 })], seed: 3, maxNewTokens: 10, eosTokenIds: [], explain: true };
    for await (const event of generate(model, [1, 2, 3], { ...options, ...(strategy && { strategy }) }))
      if (event.type === 'token') found.push(event.explanation!);
    return found;
  };
  const plain = await explained();
  const speculated = await explained(speculative({ draft: model, numAssistantTokens: 4, accept: 'match' }));
  expect(speculated.map(({ stages }) => stages)).toEqual(plain.map(({ stages }) => stages));
});
