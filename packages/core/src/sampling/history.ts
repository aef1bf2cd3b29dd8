import { checkInteger } from '../check/check.ts';
import { checkList } from '../check/lists.ts';
import { isInstance } from '../check/read-options.ts';

/**
 * The tokens of one sequence as an immutable value. Appending gives a new node and leaves the old one as it was, so a
 * beam, a draft or a rewind is only another reference. Nodes on one line share a buffer: the newest node grows it in
 * place, a branch from an older node copies once.
 */
export class History {
  /** Tokens up to and including this node. */
  readonly length: number;
  /** The node before the last append; `undefined` for the prompt. */
  readonly parent: History | undefined;
  readonly #buffer: Buffer;

  private constructor(buffer: Buffer, length: number, parent: History | undefined) {
    this.#buffer = buffer;
    this.length = length;
    this.parent = parent;
  }

  /** The root: a prompt. The ids are copied. */
  static of(tokens: ArrayLike<number>): History {
    // Typed arrays of small integers hold nothing else, and prompts are long.
    const given =
      isInstance(tokens, Int32Array) || isInstance(tokens, Uint16Array)
        ? tokens
        : checkList('History.of', 'tokens', tokens, 'a list of token ids', { item: checkId });
    const ids = new Int32Array(Math.max(16, given.length * 2));
    ids.set(given);
    return new History({ ids, used: given.length }, given.length, undefined);
  }

  /** The child that has one more token. Amortised O(1) at the tip of a line; O(length) at a branch. */
  append(token: number): History {
    const length = this.length + 1;
    let buffer = this.#buffer;
    if (buffer.used !== this.length || length > buffer.ids.length) {
      const ids = new Int32Array(Math.max(16, length * 2));
      ids.set(this.tokens);
      buffer = { ids, used: this.length };
    }
    buffer.ids[this.length] = token;
    buffer.used = length;
    return new History(buffer, length, this);
  }

  /** The tokens as a view, [length], int32. Do not write to it. */
  get tokens(): Int32Array {
    return this.#buffer.ids.subarray(0, this.length);
  }

  /** The token at `index`; negative counts from the end; `undefined` outside. */
  at(index: number): number | undefined {
    const from = index < 0 ? this.length + index : index;
    return from >= 0 && from < this.length ? this.#buffer.ids[from] : undefined;
  }

  /** The last `count` tokens (all when there are fewer), as a view. */
  tail(count: number): Int32Array {
    return this.#buffer.ids.subarray(Math.max(0, this.length - count), this.length);
  }

  /** The ancestor with `length` tokens, for a rewind; `undefined` when that cuts into the prompt. */
  ancestor(length: number): History | undefined {
    let node: History | undefined = this;
    while (node !== undefined && node.length > length) node = node.parent;
    return node?.length === length ? node : undefined;
  }
}

/** Ids and how many of them are taken: only the node that ends at `used` may grow the buffer in place. */
interface Buffer {
  ids: Int32Array;
  used: number;
}

/** Ids are kept as 32-bit integers. Whether they are those of a vocabulary is checked where there is one. */
function checkId(id: unknown, at: number): number {
  return checkInteger('History.of', `tokens[${at}]`, id, -(2 ** 31), 2 ** 31 - 1);
}
