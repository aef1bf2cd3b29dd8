/**
 * Collects the ids of the `count` largest logits that it is offered; on ties, the lower ids. Takes O(log count) per logit that
 * enters, and one comparison with `floor` per logit that does not.
 */
export class LargestIds {
  // A binary heap with the weakest logit on top, once it is full.
  readonly #logits: Float64Array;
  readonly #ids: Int32Array;
  #size = 0;
  #floor = -Infinity;

  /** @param count at least 1. */
  constructor(count: number) {
    this.#logits = new Float64Array(count);
    this.#ids = new Int32Array(count);
  }

  /** The smallest logit among the collected ones; -Infinity until there are `count`. A smaller logit does not enter. */
  get floor(): number {
    return this.#floor;
  }

  /** The collected ids, in no particular order. */
  get ids(): Int32Array {
    return this.#ids.subarray(0, this.#size);
  }

  /** Offer a logit, which is not NaN. */
  offer(id: number, logit: number): void {
    const count = this.#ids.length;
    if (this.#size < count) {
      this.#put(this.#size++, id, logit);
      if (this.#size < count) return;
      for (let node = (count >> 1) - 1; node >= 0; node--) this.#sink(node);
    } else {
      if (logit < this.#floor || (logit === this.#floor && id > this.#ids[0]!)) return;
      this.#put(0, id, logit);
      this.#sink(0);
    }
    this.#floor = this.#logits[0]!;
  }

  #put(node: number, id: number, logit: number): void {
    this.#ids[node] = id;
    this.#logits[node] = logit;
  }

  /** Move an entry down until no child is weaker. */
  #sink(start: number): void {
    const logits = this.#logits;
    const ids = this.#ids;
    const id = ids[start]!;
    const logit = logits[start]!;
    let node = start;
    for (;;) {
      let child = 2 * node + 1;
      if (child >= ids.length) break;
      const right = child + 1;
      if (right < ids.length && isWeaker(logits[right]!, ids[right]!, logits[child]!, ids[child]!)) child = right;
      if (!isWeaker(logits[child]!, ids[child]!, logit, id)) break;
      logits[node] = logits[child]!;
      ids[node] = ids[child]!;
      node = child;
    }
    logits[node] = logit;
    ids[node] = id;
  }
}

function isWeaker(logit: number, id: number, otherLogit: number, otherId: number): boolean {
  return logit < otherLogit || (logit === otherLogit && id > otherId);
}
