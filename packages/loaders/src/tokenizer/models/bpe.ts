import { byteIds, PieceCache, type TokenModel, UnknownTokenError } from './model.ts';

export interface BpeOptions {
  readonly unknown: string | undefined;
  readonly fuseUnknown: boolean;
  readonly byteFallback: boolean;
  readonly ignoreMerges: boolean;
  /** A piece of line breaks alone that is a token is taken whole, whatever the merges would give. */
  readonly wholeLineBreaks: boolean;
  readonly prefix: string;
  readonly suffix: string;
}

/** A merge that makes no token of the vocabulary. */
export class MergeError extends Error {
  override name = 'MergeError';
}

/** Byte-pair encoding (Sennrich et al. 2016): of all pairs of neighbors, the one with the lowest rank is joined first. */
export function bpe(
  idsByToken: ReadonlyMap<string, number>,
  merges: readonly (readonly [string, string])[],
  options: BpeOptions,
): TokenModel {
  const { prefix, suffix } = options;
  const ranks = new Map<number, number>();
  const results = new Int32Array(merges.length);
  const idOf = (token: string, rank: number): number => {
    const id = idsByToken.get(token);
    if (id === undefined)
      throw new MergeError(`entry ${rank} needs the token '${token.slice(0, 80)}', which the vocabulary lacks`);
    return id;
  };
  for (const [rank, [left, right]] of merges.entries()) {
    const pair = pairKey(idOf(left, rank), idOf(right, rank));
    // A later entry for the same pair replaces the earlier one.
    results[rank] = idOf(left + right.slice(prefix.length), rank);
    ranks.set(pair, rank);
  }
  const cache = new PieceCache();

  const cut = (piece: string): number[] => merged(symbolsOf(piece), ranks, results);

  const symbolsOf = (piece: string): number[] => {
    const ids: number[] = [];
    // An unknown token is held back, to be joined with those that follow. The bytes of a character do not end it.
    let held: number | undefined;
    for (let at = 0; at < piece.length; ) {
      const end = at + (piece.codePointAt(at)! > 0xffff ? 2 : 1);
      let symbol = piece.slice(at, end);
      if (at > 0) symbol = prefix + symbol;
      if (end === piece.length) symbol += suffix;
      at = end;
      const id = idsByToken.get(symbol);
      if (id !== undefined) {
        if (held !== undefined) ids.push(held);
        held = undefined;
        ids.push(id);
        continue;
      }
      const bytes = options.byteFallback ? byteIds(symbol, idsByToken) : undefined;
      if (bytes !== undefined) {
        for (const byte of bytes) ids.push(byte);
        continue;
      }
      if (options.unknown === undefined) continue;
      const unknownId = idsByToken.get(options.unknown);
      if (unknownId === undefined)
        throw new UnknownTokenError(`'${symbol.slice(0, 40)}' is unknown, and there is no token '${options.unknown}'`);
      if (held !== undefined && !options.fuseUnknown) ids.push(held);
      held = unknownId;
    }
    if (held !== undefined) ids.push(held);
    return ids;
  };

  return {
    idsByToken,
    tokenize(piece, ids) {
      if (options.ignoreMerges || (options.wholeLineBreaks && /^\n+$/.test(piece))) {
        const whole = idsByToken.get(piece);
        if (whole !== undefined) {
          ids.push(whole);
          return;
        }
      }
      let found = cache.get(piece);
      if (found === undefined) {
        found = cut(piece);
        cache.set(piece, found);
      }
      for (const id of found) ids.push(id);
    },
  };
}

/** Ids are below 2^24, so a pair is an exact number. */
function pairKey(left: number, right: number): number {
  return left * 2 ** 24 + right;
}

/** Join neighbors by rank, and by position among equals. */
function merged(symbols: number[], ranks: ReadonlyMap<number, number>, results: Int32Array): number[] {
  const size = symbols.length;
  if (size < 2) return symbols;
  const previous = new Int32Array(size);
  const next = new Int32Array(size);
  const heap = new PairHeap(size);
  const offer = (at: number): void => {
    const rank = ranks.get(pairKey(symbols[at]!, symbols[next[at]!]!));
    if (rank !== undefined) heap.push(rank, at);
  };
  for (let i = 0; i < size; i++) {
    previous[i] = i - 1;
    next[i] = i + 1 < size ? i + 1 : -1;
  }
  for (let i = 0; i + 1 < size; i++) offer(i);
  while (heap.size > 0) {
    const { rank, at } = heap.pop();
    const right = next[at]!;
    if (symbols[at]! < 0 || right < 0) continue;
    // A neighbor may have changed since the pair was noted.
    const now = ranks.get(pairKey(symbols[at]!, symbols[right]!));
    if (now === undefined || results[now] !== results[rank]) continue;
    symbols[at] = results[rank]!;
    symbols[right] = -1;
    const after = next[right]!;
    next[at] = after;
    if (after >= 0) previous[after] = at;
    if (previous[at]! >= 0) offer(previous[at]!);
    if (after >= 0) offer(at);
  }
  return symbols.filter((symbol) => symbol >= 0);
}

/** Pairs by rank, then by position. */
class PairHeap {
  readonly #keys: number[] = [];
  readonly #positions: number;

  constructor(positions: number) {
    this.#positions = positions;
  }

  get size(): number {
    return this.#keys.length;
  }

  push(rank: number, at: number): void {
    const keys = this.#keys;
    const key = rank * this.#positions + at;
    let i = keys.push(key) - 1;
    while (i > 0) {
      const parent = (i - 1) >> 1;
      if (keys[parent]! <= key) break;
      keys[i] = keys[parent]!;
      i = parent;
    }
    keys[i] = key;
  }

  pop(): { rank: number; at: number } {
    const keys = this.#keys;
    const top = keys[0]!;
    const last = keys.pop()!;
    const size = keys.length;
    if (size > 0) {
      let i = 0;
      for (;;) {
        let child = 2 * i + 1;
        if (child >= size) break;
        if (child + 1 < size && keys[child + 1]! < keys[child]!) child++;
        if (keys[child]! >= last) break;
        keys[i] = keys[child]!;
        i = child;
      }
      keys[i] = last;
    }
    const at = top % this.#positions;
    return { rank: (top - at) / this.#positions, at };
  }
}
