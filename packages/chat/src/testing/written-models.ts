import { hostModel, type LanguageModel } from '@tokenwright/core';
import type { TestTokenizer } from './marked-tokenizer.ts';

const contextLength = 20_000;

/** A model that writes these replies, one per turn, and ends each. A turn begins after a text that is not its own. */
export function scriptedModel(tokenizer: TestTokenizer, replies: readonly string[]): LanguageModel {
  const scripts = replies.map((reply) => [...tokenizer.encode(reply, { addSpecialTokens: false }), tokenizer.eosId]);
  let turn = -1;
  let from = Number.NaN;
  let length = -1;
  return hostModel({
    vocabSize: tokenizer.vocabSize,
    contextLength,
    eosTokenIds: [tokenizer.eosId],
    logits(ids) {
      if (ids.length !== length + 1) {
        turn++;
        from = ids.length;
      }
      length = ids.length;
      const logits = new Float32Array(tokenizer.vocabSize);
      logits[scripts[turn]?.[ids.length - from] ?? tokenizer.eosId] = 20;
      return logits;
    },
  });
}

/** A model that writes noise: every distribution is another one, but equal texts have equal ones. */
export function noisyModel(
  tokenizer: TestTokenizer,
  seed: number,
  favored: Readonly<Record<string, number>> = {},
): LanguageModel {
  const bonus = new Map(
    Object.entries(favored).map(([text, logit]) => [tokenizer.encode(text, { addSpecialTokens: false })[0]!, logit]),
  );
  return hostModel({
    vocabSize: tokenizer.vocabSize,
    contextLength,
    eosTokenIds: [tokenizer.eosId],
    logits(ids) {
      let state = (seed * 2654435761 + ids.length * 40503 + ids.at(-1)! * 9176 + (ids.at(-2) ?? 0) * 31) >>> 0;
      const next = (): number => {
        state = (state + 0x6d2b79f5) >>> 0;
        let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
        mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
        return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
      };
      return Float32Array.from({ length: tokenizer.vocabSize }, (_, id) => 3 * next() + (bonus.get(id) ?? 0));
    },
  });
}
