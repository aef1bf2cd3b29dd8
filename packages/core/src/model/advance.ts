import type { KVCache } from './kv-cache.ts';
import type { ForwardOptions, ForwardResult, LanguageModel } from './language-model.ts';

export interface AdvanceOptions extends ForwardOptions {
  /** Most tokens that one forward pass feeds, over all rows. Default: what the model allows. */
  readonly prefillChunkSize?: number;
  /** Called between forward passes; throws to stop. */
  readonly between?: () => void;
}

/**
 * Bring the cache to `wanted` and return the logits at the end of each row. What the cache holds already stays: only what it
 * lacks is fed, after the longest common prefix, so prefill is nothing but the first call. Rows are fed in parallel,
 * long ones in chunks that end together.
 *
 * @param wanted all tokens of each row, of which the last get logits; undefined leaves a row as it is, without logits.
 */
export function advance(
  model: LanguageModel,
  cache: KVCache,
  wanted: readonly (Int32Array | undefined)[],
  { prefillChunkSize = model.maxTokens, between, ...options }: AdvanceOptions = {},
): ForwardResult {
  const scored = options.scored ?? 1;
  const kept = wanted.map((tokens, row) =>
    tokens === undefined
      ? cache.lengths[row]!
      : Math.min(commonPrefix(tokens, cache.tokens(row)), Math.max(0, tokens.length - scored)),
  );
  if (kept.some((length, row) => length < cache.lengths[row]!)) cache.truncate(kept);

  // The part of each row that ends `left` to `next` tokens before its end. So all rows end in the last chunk.
  const part = (left: number, next: number): Int32Array[] =>
    wanted.map((tokens = nothing, row) =>
      tokens.subarray(Math.max(kept[row]!, tokens.length - left), Math.max(kept[row]!, tokens.length - next)),
    );
  const active = wanted.filter((tokens) => tokens !== undefined).length;
  const perRow = Math.max(scored, 1, Math.floor(Math.min(prefillChunkSize, model.maxTokens) / active));
  const longest = Math.max(...wanted.map((tokens, row) => (tokens?.length ?? 0) - kept[row]!));
  let left = longest;
  for (; left > perRow; left -= perRow) {
    between?.();
    model.forward(part(left, Math.max(perRow, left - perRow)), cache, { scored: 0 }).dispose();
  }
  between?.();
  return model.forward(part(Math.min(longest, perRow), 0), cache, options);
}

const nothing: Int32Array = new Int32Array(0);

/** How many tokens two sequences share at their start. */
export function commonPrefix(a: ArrayLike<number>, b: ArrayLike<number>): number {
  const length = Math.min(a.length, b.length);
  let i = 0;
  while (i < length && a[i] === b[i]) i++;
  return i;
}
