import { type GenerateOptions, generate, type Strategy, type TokenEvent } from '@tokenwright/core';
import { toyModel } from '@tokenwright/core/testing';
import { repetitionPenalty, temperature, topK } from '@tokenwright/samplers';
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

const model = toyModel();
const samplers = [repetitionPenalty({ penalty: 1.5 }), topK({ k: 3 }), temperature({ temperature: 0.5 })];
const prompt = [1, 2, 3, 1, 2];

async function tokensOf(options: GenerateOptions): Promise<TokenEvent[]> {
  const tokens: TokenEvent[] = [];
  const asked: GenerateOptions = { samplers, seed: 3, maxNewTokens: 12, eosTokenIds: [], topLogprobs: 5, ...options };
  for await (const event of generate(model, prompt, asked)) if (event.type === 'token') tokens.push(event);
  return tokens;
}

/** softmax of the logits of a context after repetition penalty, top-k 3 and temperature 0.5, from their definitions. */
async function drawnFrom(context: readonly number[]): Promise<Map<number, number>> {
  const cache = model.createCache();
  const result = model.forward([context], cache);
  const logits = Array.from(await result.logits.read(), (logit, id) => {
    if (!context.includes(id)) return logit;
    return logit > 0 ? logit / 1.5 : logit * 1.5;
  });
  result.dispose();
  cache.dispose();
  const best = [...logits.entries()].sort(([, a], [, b]) => b - a).slice(0, 3);
  const weights = best.map(([id, logit]) => [id, Math.exp(logit / 0.5)] as const);
  const sum = weights.reduce((total, [, weight]) => total + weight, 0);
  return new Map(weights.map(([id, weight]) => [id, Math.log(weight / sum)]));
}

const strategies: [string, Strategy | undefined][] = [
  ['sampling', undefined],
  ['speculative', speculative({ draft: promptLookup(), numAssistantTokens: 3 })],
  ['speculative with a model', speculative({ draft: model, numAssistantTokens: 2 })],
  ['speculative with an early exit', speculative({ draft: earlyExit({ layer: 1 }) })],
  ['beam search', beamSearch({ numBeams: 3 })],
  ['beam sampling', beamSearch({ numBeams: 3, doSample: true })],
  ['group beam search', groupBeamSearch({ numBeams: 4, numBeamGroups: 2, diversityPenalty: 1 })],
  ['constrained beam search', constrainedBeamSearch({ numBeams: 3, constraints: [{ phrase: [2, 5] }] })],
  ['stochastic beams', stochasticBeams({ numBeams: 3 })],
  ['best-of', bestOf({ numCandidates: 2 })],
  ['contrastive search', contrastiveSearch({ topK: 3 })],
];

describe('logprobsMode', () => {
  it.each(strategies)('processed is the distribution after all samplers: %s', async (_, strategy) => {
    const context = [...prompt];
    for (const { id, logprob, top } of await tokensOf({ logprobsMode: 'processed', strategy, onWarning: () => {} })) {
      const expected = await drawnFrom(context);
      expect(logprob).toBeCloseTo(expected.get(id)!, 4);
      // Removed tokens are not listed, so the listed ones have all of the mass.
      expect(top!.map((one) => one.id).sort()).toEqual([...expected.keys()].sort());
      expect(top!.reduce((sum, one) => sum + Math.exp(one.logprob), 0)).toBeCloseTo(1, 5);
      context.push(id);
    }
    expect(context.length).toBe(prompt.length + 12);
  });

  it('changes no token, and raw stays the default', async () => {
    const [processed, raw, unset] = [
      await tokensOf({ logprobsMode: 'processed' }),
      await tokensOf({ logprobsMode: 'raw' }),
      await tokensOf({}),
    ];
    expect(processed.map(({ id }) => id)).toEqual(unset.map(({ id }) => id));
    expect(raw).toEqual(unset);
    expect(raw.some(({ logprob }, at) => Math.abs(logprob! - processed[at]!.logprob!) > 0.1)).toBe(true);
    expect(raw.every(({ top }) => top!.length === 5)).toBe(true);
  });

  it('a token that the samplers removed has -Infinity', async () => {
    const [first] = await tokensOf({ logprobsMode: 'processed', logprobsOf: [...Array(model.vocabSize).keys()] });
    expect(first!.named!.filter(({ logprob }) => logprob > -Infinity)).toHaveLength(3);
  });
});
