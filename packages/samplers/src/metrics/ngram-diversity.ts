import { checkInteger, checkTokens } from '@tokenwright/core/options';

/**
 * distinct-n: the share of a text's n-grams that differ from each other, 1 when all do (Li et al. 2016, "A Diversity-Promoting
 * Objective Function", arXiv:1510.03055). 1 for a text of fewer than n tokens.
 *
 * @example
 * ```ts
 * distinctNgrams([1, 2, 1, 2], 2); // 2/3: of the pairs 12, 21, 12 two are distinct
 * ```
 */
export function distinctNgrams(tokens: ArrayLike<number>, n: number): number {
  return distinct('distinctNgrams', tokens, n);
}

function distinct(owner: string, tokens: ArrayLike<number>, n: number): number {
  checkInteger(owner, 'n', n, 1);
  const ids = Array.from(checkTokens(owner, 'tokens', tokens));
  const count = ids.length - n + 1;
  if (count <= 0) return 1;
  const seen = new Set<string>();
  for (let at = 0; at < count; at++) seen.add(ids.slice(at, at + n).join());
  return seen.size / count;
}

/**
 * rep-n: the share of a text's n-grams that occurred before, 0 when all differ: 1 - distinct-n (Welleck et al. 2019, "Neural Text
 * Generation with Unlikelihood Training", arXiv:1908.04319).
 *
 * @example
 * ```ts
 * repeatedNgrams([1, 2, 1, 2], 2); // 1/3
 * ```
 */
export function repeatedNgrams(tokens: ArrayLike<number>, n: number): number {
  return 1 - distinct('repeatedNgrams', tokens, n);
}
