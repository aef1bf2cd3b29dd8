import { defineSampler, type Tokenizer } from '@tokenwright/core';
import {
  checkTokenizer,
  integerOption,
  numberOption,
  type OptionsOf,
  tokenListsOption,
} from '@tokenwright/core/options';
import { vocabularyTexts } from '../patterns/vocabulary.ts';
import { countPrompt, window } from '../shared/options.ts';
import { largestFloat } from '../shared/row.ts';
import { checkTexts } from '../shared/token-texts.ts';
import { countedTokens } from './repetition-penalty.ts';

const options = {
  /** Penalty of the shortest repetition that counts, at least 0. 0 is off. */
  multiplier: numberOption({ min: 0, off: 0, suggested: 0.8, help: 'Penalty of the shortest repetition that counts' }),
  /** Growth with each further token, at least 1. Default 1.75. */
  base: numberOption({ min: 1, default: 1.75, help: 'Growth with each further token' }),
  /** Tokens that may repeat before a further one is penalized, at least 0. Default 2. */
  allowedLength: integerOption({ min: 0, default: 2, help: 'Tokens that may repeat without a penalty' }),
  /** How many of the last tokens are searched, or 'all'. Default 'all'. */
  window,
  /** Sequences of tokens that a repetition does not extend across; see {@link dryBreakers}. Default none. */
  breakers: tokenListsOption({ default: [], help: 'Sequences of tokens that a repetition does not extend across' }),
  /** Whether the prompt is searched too. Default true. */
  countPrompt: countPrompt(true),
};

export type DryOptions = OptionsOf<typeof options>;

/**
 * Don't repeat yourself: penalize the token that would continue a repetition, exponentially in its length.
 *
 * For a token x let L be the longest end of the context that occurred before with x right after it, and that contains no
 * breaker. When L >= allowedLength: l -> l - multiplier * base ^ (L - allowedLength). So the first length that counts costs
 * `multiplier`. A token that is a breaker alone is exempt. The exponent is bounded so that the power fits float32.
 *
 * Of several breakers in the text, the one that begins nearest to the end counts; of those that begin together, the longest.
 * Time is linear in the window (Z algorithm). Removed tokens stay removed, NaN stays NaN.
 *
 * Example: context 7 8 9 7 8, multiplier 0.8: token 9 loses 0.8 (L = 2).
 *
 * @see p-e-w 2024, text-generation-webui pull request 5677; llama.cpp
 * @example
 * ```ts
 * dry({ multiplier: 0.8, breakers: dryBreakers(tokenizer) });
 * ```
 */
export const dry = defineSampler({
  name: 'dry',
  summary: 'Penalize tokens that continue a repetition, more with its length (DRY)',
  source: 'p-e-w 2024, text-generation-webui pull request 5677; llama.cpp',
  kind: 'penalty',
  options,
  create({ multiplier, base, allowedLength, window, breakers, countPrompt }) {
    const byHead = new Map<number, (readonly number[])[]>();
    for (const breaker of breakers) byHead.set(breaker[0]!, [...(byHead.get(breaker[0]!) ?? []), breaker]);
    const exempt = new Set(breakers.flatMap((breaker) => (breaker.length === 1 ? breaker : [])));
    const largestExponent = base > 1.000001 ? Math.floor(largestFloatLog / Math.log(base)) : Infinity;
    return {
      traits: { keepsArgMax: multiplier === 0, narrows: true },
      onHost(logits, step) {
        if (multiplier === 0) return;
        const tokens = countedTokens(step, window, countPrompt);
        if (tokens.length <= allowedLength) return;
        const limit = sinceBreaker(tokens, byHead);
        if (limit < allowedLength) return;
        const lengths = endRepeats(tokens);
        const longest = new Map<number, number>();
        for (let back = 1; back < tokens.length; back++) {
          const length = Math.min(lengths[back]!, limit);
          if (length < allowedLength) continue;
          const next = tokens[tokens.length - back]!;
          if (length > (longest.get(next) ?? -1)) longest.set(next, length);
        }
        for (const [id, length] of longest) {
          if (exempt.has(id) || id >= logits.length) continue;
          // A power magnifies the rounding of its base, so the base is float32, as in llama.cpp.
          const power = Math.fround(base) ** Math.min(length - allowedLength, largestExponent);
          const penalty = Math.fround(multiplier) * power;
          logits[id]! -= Math.min(penalty, largestFloat);
        }
      },
    };
  },
});

/** The breakers of llama.cpp. */
export const dryBreakerTexts: readonly string[] = ['\n', ':', '"', '*'];

/**
 * Breakers for {@link dry}, from texts. A text is found through every token whose own text overlaps it: the token alone
 * when it contains the whole text, otherwise the token and the tokens of the rest. Texts are cut at 40 characters and rests
 * at 20 tokens, as in llama.cpp.
 *
 * @example
 * ```ts
 * dry({ multiplier: 0.8, breakers: dryBreakers(tokenizer) });
 * ```
 */
export function dryBreakers(tokenizer: Tokenizer, texts: readonly string[] = dryBreakerTexts): number[][] {
  checkTexts('dryBreakers', 'texts', texts);
  const vocabulary = vocabularyTexts(checkTokenizer('dryBreakers', tokenizer));
  const found = new Map<string, number[]>();
  for (const text of texts) {
    const breaker = text.slice(0, 40);
    if (breaker === '') continue;
    const rests = Array.from({ length: breaker.length }, (_, length) =>
      length === 0 ? [] : tokenizer.encode(breaker.slice(length), { addSpecialTokens: false }).slice(0, 20),
    );
    vocabulary.forEach((word, id) => {
      const add = (sequence: number[]): unknown => found.set(sequence.join(), sequence);
      if (word.includes(breaker)) add([id]);
      else for (const length of overlaps(word, breaker)) add([id, ...rests[length]!]);
    });
  }
  return [...found.values()];
}

const largestFloatLog = 88.7228391;

/** Lengths of the ends of `word` that begin `text`. */
function overlaps(word: string, text: string): number[] {
  const lengths: number[] = [];
  for (let length = 1; length < text.length && length <= word.length; length++)
    if (word.endsWith(text.slice(0, length))) lengths.push(length);
  return lengths;
}

/** The number of tokens after the last breaker; all when there is none. */
function sinceBreaker(tokens: Int32Array, byHead: ReadonlyMap<number, readonly (readonly number[])[]>): number {
  if (byHead.size === 0) return tokens.length;
  for (let start = tokens.length - 1; start >= 0; start--) {
    let longest = 0;
    for (const breaker of byHead.get(tokens[start]!) ?? []) {
      if (breaker.length <= longest || start + breaker.length > tokens.length) continue;
      if (breaker.every((id, i) => tokens[start + i] === id)) longest = breaker.length;
    }
    if (longest > 0) return tokens.length - start - longest;
  }
  return tokens.length;
}

/** [n]: at `back`, how many tokens before place n - back equal the last tokens. */
function endRepeats(tokens: Int32Array): Int32Array {
  const n = tokens.length;
  const lengths = new Int32Array(n);
  // [from, to): the range, counted from the end, that is known to equal the one that starts at 0.
  let from = 0;
  let to = 0;
  for (let back = 1; back < n; back++) {
    let length = back < to ? Math.min(to - back, lengths[back - from]!) : 0;
    while (back + length < n && tokens[n - 1 - length] === tokens[n - 1 - back - length]) length++;
    lengths[back] = length;
    if (back + length > to) {
      from = back;
      to = back + length;
    }
  }
  return lengths;
}
