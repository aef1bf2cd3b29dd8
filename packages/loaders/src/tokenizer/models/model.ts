/** Cuts a word into tokens. */
export interface TokenModel {
  readonly idsByToken: ReadonlyMap<string, number>;
  /** Append the ids of a piece, which is not empty. */
  tokenize(piece: string, ids: number[]): void;
}

/** A text that a model without an unknown token cannot spell. */
export class UnknownTokenError extends Error {
  override name = 'UnknownTokenError';
}

/** A cache of the pieces that were cut last. Texts repeat their words. */
export class PieceCache {
  readonly #ids = new Map<string, readonly number[]>();

  get(piece: string): readonly number[] | undefined {
    return this.#ids.get(piece);
  }

  /** Long pieces rarely come again. */
  set(piece: string, ids: readonly number[]): void {
    if (piece.length > 256) return;
    if (this.#ids.size >= 10_000) this.#ids.clear();
    this.#ids.set(piece, ids);
  }
}

/** The token of a byte in vocabularies with byte fallback. */
export function byteToken(byte: number): string {
  return `<0x${byte.toString(16).toUpperCase().padStart(2, '0')}>`;
}

const encoder = new TextEncoder();

/** The tokens of the UTF-8 bytes of a text, or undefined when the vocabulary lacks one of them. */
export function byteIds(text: string, idsByToken: ReadonlyMap<string, number>): number[] | undefined {
  const ids: number[] = [];
  for (const byte of encoder.encode(text)) {
    const id = idsByToken.get(byteToken(byte));
    if (id === undefined) return undefined;
    ids.push(id);
  }
  return ids;
}
