import { commonPrefix } from '../../model/advance.ts';
import type { Row } from '../contract/strategy.ts';
import type { RunCache } from './run-cache.ts';

/** Counts the prompt tokens that are not computed, because the call's cache holds them when the prompt is first read. */
export class PromptReuse {
  readonly #cache: RunCache;
  readonly #counts: Map<number, number> = new Map();

  constructor(cache: RunCache) {
    this.#cache = cache;
  }

  /**
   * @param rows of the cache, which are about to be fed.
   * @param wanted the tokens of each row after that.
   * @param scored the last tokens of each row that are fed in any case, for their logits.
   */
  note(rows: readonly Row[], wanted: readonly (Int32Array | undefined)[], scored: number): void {
    for (const [index, { promptIndex }] of rows.entries()) {
      if (this.#counts.has(promptIndex)) continue;
      const tokens = wanted[index] ?? new Int32Array(0);
      const held = commonPrefix(tokens, this.#cache.tokens(index));
      this.#counts.set(promptIndex, Math.min(held, Math.max(0, tokens.length - scored)));
    }
  }

  /** 0 for a prompt that was never read. */
  of(promptIndex: number): number {
    return this.#counts.get(promptIndex) ?? 0;
  }
}
