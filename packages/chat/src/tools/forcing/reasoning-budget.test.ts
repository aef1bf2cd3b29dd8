import { History } from '@tokenwright/core';
import { expect, it } from 'vitest';
import { reasoningBudget } from './reasoning-budget.ts';

const kimi = { name: 'kimi', open: '◁think▷', close: '◁/think▷', recognizes: () => true };
/** One token per byte. */
const bytes = new TextEncoder();
const tokenizer = {
  vocabSize: 256,
  encode: (text: string) => Array.from(bytes.encode(text)),
  decode: (ids: ArrayLike<number>) => new TextDecoder().decode(Uint8Array.from(Array.from(ids))),
};

/** The tokens that may follow a text, when the sampler saw each token before. */
function allowedAfter(text: string, budget: number): number[] {
  const sampler = reasoningBudget(tokenizer, kimi, tokenizer.encode(kimi.close), budget, false);
  let history = History.of([1]);
  let state: unknown;
  const mask = (): Uint32Array =>
    sampler.mask({
      history,
      promptLength: 1,
      vocabSize: 256,
      state: {
        get: () => state,
        set(value: unknown) {
          state = value;
        },
      },
    } as never);
  mask();
  let bits = new Uint32Array();
  for (const id of tokenizer.encode(text)) {
    history = history.append(id);
    bits = mask() as typeof bits;
  }
  return Array.from({ length: 256 }, (_, id) => id).filter((id) => ((bits[id >>> 5]! >>> (id & 31)) & 1) === 1);
}

it('finds marks whose characters are several tokens', () => {
  const [first] = tokenizer.encode(kimi.close);
  expect(allowedAfter('◁think▷ab', 3)).toHaveLength(256);
  expect(allowedAfter('◁think▷abc', 3)).toEqual([first]);
  expect(allowedAfter(`${kimi.open}abc${kimi.close}d`, 3)).toHaveLength(256);
  expect(allowedAfter('an answer without reasoning', 3)).toHaveLength(256);
});
