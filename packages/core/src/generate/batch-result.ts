import { ParameterError } from '../errors.ts';
import type { EndEvent } from './contract/events.ts';

/** The finished sequences of a call, by prompt and then by sequence. */
export class BatchResult {
  readonly sequences: readonly EndEvent[];

  constructor(ends: readonly EndEvent[]) {
    this.sequences = [...ends].sort((a, b) => a.promptIndex - b.promptIndex || a.sequence - b.sequence);
  }

  /** New tokens of each sequence: ragged. */
  get ids(): readonly (readonly number[])[] {
    return this.sequences.map(({ ids }) => ids);
  }

  /** New text of each sequence; '' without a tokenizer. */
  get texts(): readonly string[] {
    return this.sequences.map(({ text }) => text ?? '');
  }

  /**
   * The new tokens as a rectangle, row-major, with a mask that is 1 where a token is real.
   * @param side where the padding goes.
   */
  padded(padId: number, side: 'left' | 'right'): { ids: Int32Array; mask: Uint8Array; rows: number; columns: number } {
    if (side !== 'left' && side !== 'right') throw new ParameterError('padded', 'side', "'left' or 'right'", side);
    const rows = this.sequences.length;
    const columns = Math.max(0, ...this.ids.map(({ length }) => length));
    const ids = new Int32Array(rows * columns).fill(padId);
    const mask = new Uint8Array(rows * columns);
    for (const [row, tokens] of this.ids.entries()) {
      const first = row * columns + (side === 'left' ? columns - tokens.length : 0);
      ids.set(tokens, first);
      mask.fill(1, first, first + tokens.length);
    }
    return { ids, mask, rows, columns };
  }
}
