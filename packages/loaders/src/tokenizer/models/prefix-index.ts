/** Finds the tokens at a position of a text. It holds the tokens in order, so that its memory is that of the vocabulary. */
export class PrefixIndex {
  readonly #tokens: readonly string[];
  readonly #ids: Int32Array;
  /** Where the tokens that begin with a UTF-16 unit start; one entry more, for the end of the last. */
  readonly #starts = new Int32Array(65537);

  /** @param entries tokens, each once and not empty, with their ids. */
  constructor(entries: Iterable<readonly [string, number]>) {
    const sorted = [...entries].filter(([token]) => token !== '').sort(([a], [b]) => (a < b ? -1 : 1));
    this.#tokens = sorted.map(([token]) => token);
    this.#ids = Int32Array.from(sorted, ([, id]) => id);
    let index = 0;
    for (let unit = 0; unit <= 65536; unit++) {
      while (index < sorted.length && this.#tokens[index]!.charCodeAt(0) < unit) index++;
      this.#starts[unit] = index;
    }
  }

  /** True when no token begins with a UTF-16 unit. */
  lacks(unit: number): boolean {
    return this.#starts[unit] === this.#starts[unit + 1];
  }

  /** Calls `found` with the end of each token at `start`, shortest first, and its id. */
  search(text: string, start: number, found: (end: number, id: number) => void): void {
    const unit = text.charCodeAt(start);
    let low = this.#starts[unit]!;
    let high = this.#starts[unit + 1]!;
    for (let depth = 1; low < high; depth++) {
      if (this.#tokens[low]!.length === depth) {
        found(start + depth, this.#ids[low]!);
        low++;
      }
      if (start + depth >= text.length) return;
      const next = text.charCodeAt(start + depth);
      low = this.#bound(low, high, depth, next);
      high = this.#bound(low, high, depth, next + 1);
    }
  }

  /** The first of the tokens from `low` to `high` whose unit at `depth` is at least `unit`. */
  #bound(low: number, high: number, depth: number, unit: number): number {
    let [from, to] = [low, high];
    while (from < to) {
      const middle = (from + to) >> 1;
      if (this.#tokens[middle]!.charCodeAt(depth) < unit) from = middle + 1;
      else to = middle;
    }
    return from;
  }
}
