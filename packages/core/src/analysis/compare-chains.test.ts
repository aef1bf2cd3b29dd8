import { expect, test } from 'vitest';
import type { Sampler } from '../sampling/sampler.ts';
import { toyModel } from '../testing/index.ts';
import { compareChains } from './compare-chains.ts';

const bans = (...ids: number[]): Sampler => ({
  name: 'bans',
  onHost(logits) {
    for (const id of ids) logits[id] = -Infinity;
  },
});
const model = toyModel();
const options = { seed: 5, maxNewTokens: 12 };

test('two equal chains never differ', async () => {
  const { first, second, parting } = await compareChains(model, [1, 2], [[bans(3)], [bans(3)]], options);
  expect(parting).toBeUndefined();
  expect(first.map(({ id }) => id)).toEqual(second.map(({ id }) => id));
  expect(first).toHaveLength(12);
});

test('the first difference is the first token that one of them removed or weighed differently', async () => {
  const plain = await compareChains(model, [1, 2], [[], []], options);
  const favorite = plain.first[4]!.id;
  const { first, second, parting } = await compareChains(model, [1, 2], [[], [bans(favorite)]], options);
  const at = first.findIndex(({ id }) => id === favorite);
  expect(parting).toBeDefined();
  expect(parting!).toBeLessThanOrEqual(at);
  expect(first.slice(0, parting)).toEqual(
    second.slice(0, parting).map((event, i) => ({ ...event, explanation: first[i]!.explanation })),
  );
  expect(second.every(({ id }) => id !== favorite)).toBe(true);
  expect(second[parting!]!.explanation!.removal(favorite)?.stage).toBe('bans');
});
