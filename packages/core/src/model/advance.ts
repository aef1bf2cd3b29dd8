import type { KVCache } from './kv-cache.ts';
import type { ForwardOptions, ForwardResult, LanguageModel } from './language-model.ts';

/** Options of {@link advance}. */
export interface AdvanceOptions extends ForwardOptions {
  /** Maximum number of tokens that one forward pass feeds, over all rows. Default: the model's limit. */
  readonly prefillChunkSize?: number;
  /** Called before each forward pass. Throw to stop; what was fed stays in the cache. */
  readonly between?: () => void;
}

/**
 * Bring the cache to the wanted tokens and return the logits at the end of each row. The longest common prefix of a row stays; only the
 * rest is fed, so prefill is the first call. Rows are fed together, long ones in chunks, so that all rows end in the last chunk.
 *
 * @param wanted all tokens of each row. The last ones get logits; undefined leaves a row unchanged, without logits.
 * @example
 * ```ts
 * const result = advance(model, cache, [Int32Array.of(1, 2, 3)]);
 * const logits = await result.logits.read();
 * result.dispose();
 * ```
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

  // The part of each row between `left` and `next` tokens before its end, so that all rows end in the last chunk.
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

/** Length of the longest common prefix of two sequences. */
export function commonPrefix(a: ArrayLike<number>, b: ArrayLike<number>): number {
  const length = Math.min(a.length, b.length);
  let i = 0;
  while (i < length && a[i] === b[i]) i++;
  return i;
}
