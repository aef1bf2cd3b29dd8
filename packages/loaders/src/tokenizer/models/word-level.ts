import { type TokenModel, UnknownTokenError } from './model.ts';

/** WordLevel: a piece is a token, or unknown. */
export function wordLevel(idsByToken: ReadonlyMap<string, number>, unknown: string): TokenModel {
  return {
    idsByToken,
    tokenize(piece, ids) {
      const id = idsByToken.get(piece) ?? idsByToken.get(unknown);
      if (id === undefined)
        throw new UnknownTokenError(`'${piece.slice(0, 40)}' is unknown, and there is no token '${unknown}'`);
      ids.push(id);
    },
  };
}
