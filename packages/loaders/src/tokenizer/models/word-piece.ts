import { type TokenModel, UnknownTokenError } from './model.ts';
import { PrefixIndex } from './prefix-index.ts';

export interface WordPieceOptions {
  readonly unknown: string;
  readonly prefix: string;
  readonly longestWord: number;
}

/** WordPiece (Schuster and Nakajima 2012; BERT): the longest token first, and a word that cannot be spelled is unknown. */
export function wordPiece(idsByToken: ReadonlyMap<string, number>, options: WordPieceOptions): TokenModel {
  const { unknown, prefix, longestWord } = options;
  const whole = new PrefixIndex(idsByToken);
  const continuing = new PrefixIndex(
    [...idsByToken]
      .filter(([token]) => token.startsWith(prefix))
      .map(([token, id]): [string, number] => [token.slice(prefix.length), id]),
  );
  const unknownId = (piece: string): number => {
    const id = idsByToken.get(unknown);
    if (id === undefined)
      throw new UnknownTokenError(`'${piece.slice(0, 40)}' is unknown, and there is no token '${unknown}'`);
    return id;
  };
  return {
    idsByToken,
    tokenize(piece, ids) {
      let characters = 0;
      for (const _ of piece) if (++characters > longestWord) break;
      if (characters > longestWord) {
        ids.push(unknownId(piece));
        return;
      }
      const found: number[] = [];
      for (let start = 0; start < piece.length; ) {
        let end = start;
        let id: number | undefined;
        (start === 0 ? whole : continuing).search(piece, start, (next, found) => {
          end = next;
          id = found;
        });
        if (id === undefined) {
          ids.push(unknownId(piece));
          return;
        }
        found.push(id);
        start = end;
      }
      for (const id of found) ids.push(id);
    },
  };
}
