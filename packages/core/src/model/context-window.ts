/**
 * First position that a model sees of a sequence that is longer than its context. The window moves by half a context at a time, so that
 * the rest has to be read again only once per half context. It depends on the length alone, so a rewind finds the same window.
 *
 * @param length tokens of the sequence.
 * @param contextLength positions of the model; Infinity for a window that never moves.
 * @example
 * ```ts
 * const seen = tokens.subarray(windowStart(tokens.length, model.contextLength));
 * ```
 */
export function windowStart(length: number, contextLength: number): number {
  if (length <= contextLength) return 0;
  const half = Math.ceil(contextLength / 2);
  return Math.ceil((length - contextLength) / half) * half;
}
