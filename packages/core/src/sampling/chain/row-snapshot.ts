import { logSumExp } from '../distribution.ts';

/** A copy of a row between two stages: of the whole row, or of its candidates. */
export class RowSnapshot {
  readonly #candidates: Int32Array | undefined;
  readonly #logits: Float32Array;
  readonly #normalizer: number;

  constructor(logits: Float32Array, candidates: Int32Array | undefined) {
    this.#candidates = candidates;
    this.#normalizer = logSumExp(logits, candidates);
    this.#logits = candidates === undefined ? logits.slice() : Float32Array.from(candidates, (id) => logits[id]!);
  }

  probability(id: number): number {
    const at = this.#candidates === undefined ? id : this.#candidates.indexOf(id);
    return at < 0 ? 0 : Math.exp(this.#logits[at]! - this.#normalizer);
  }
}
