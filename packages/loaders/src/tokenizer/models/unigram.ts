import { byteIds, PieceCache, type TokenModel, UnknownTokenError } from './model.ts';
import { PrefixIndex } from './prefix-index.ts';

export interface UnigramOptions {
  readonly unknownId: number | undefined;
  readonly byteFallback: boolean;
  /**
   * Ids of the tokens of a text, where they are not the places in `vocabulary`. A token that is found and has no id is unknown, and an
   * unknown text that has one is not. Default: a token's id is its place.
   */
  readonly ids?: ReadonlyMap<string, number>;
}

/** How much less likely than the least likely token an unknown character is, as a log-probability. */
const unknownPenalty = 10;

/** Unigram (Kudo 2018): the most likely tokens, by the sum of their scores. */
export function unigram(vocabulary: readonly (readonly [string, number])[], options: UnigramOptions): TokenModel {
  const { unknownId, byteFallback } = options;
  const places = new Map<string, number>();
  let least = Infinity;
  for (const [place, [token, score]] of vocabulary.entries()) {
    places.set(token, place);
    if (score < least) least = score;
  }
  const idsByToken = options.ids ?? places;
  /** In place of a token's place. */
  const unknown = options.ids === undefined ? unknownId : -1;
  const unknownScore = least - unknownPenalty;
  const index = new PrefixIndex(places);
  const cache = new PieceCache();

  const cut = (piece: string): number[] => {
    const size = piece.length;
    const scores = new Float64Array(size + 1);
    const starts = new Int32Array(size + 1).fill(-1);
    const chosen = new Int32Array(size + 1);
    const offer = (start: number, end: number, score: number, id: number): void => {
      if (starts[end] !== -1 && score <= scores[end]!) return;
      scores[end] = score;
      starts[end] = start;
      chosen[end] = id;
    };
    for (let start = 0; start < size; ) {
      const here = scores[start]!;
      const next = start + (piece.codePointAt(start)! > 0xffff ? 2 : 1);
      let single = false;
      index.search(piece, start, (end, id) => {
        offer(start, end, vocabulary[id]![1] + here, id);
        if (end === next) single = true;
      });
      if (!single) {
        if (unknownScoreIsBetter(starts, scores, next, unknownScore + here)) {
          if (unknownId === undefined)
            throw new UnknownTokenError(
              `the character '${piece.slice(start, next)}' is unknown, and there is no unknown token`,
            );
          offer(start, next, unknownScore + here, unknown!);
        }
      }
      start = next;
    }
    // Backwards from the end; unknown characters in a row are one token.
    const spans: [number, number][] = [];
    let unknownEnd = -1;
    for (let end = size; end > 0; ) {
      const start = starts[end]!;
      if (chosen[end] === unknown) {
        if (unknownEnd < 0) unknownEnd = end;
      } else {
        if (unknownEnd >= 0) spans.push([end, unknownEnd]);
        unknownEnd = -1;
        spans.push([start, end]);
      }
      end = start;
    }
    if (unknownEnd >= 0) spans.push([0, unknownEnd]);
    const ids: number[] = [];
    for (const [start, end] of spans.reverse()) {
      const token = piece.slice(start, end);
      const id = idsByToken.get(token);
      const bytes = id === undefined && byteFallback ? byteIds(token, idsByToken) : undefined;
      if (bytes !== undefined) for (const byte of bytes) ids.push(byte);
      else ids.push(id ?? unknownId!);
    }
    return ids;
  };

  return {
    idsByToken,
    tokenize(piece, ids) {
      let found = cache.get(piece);
      if (found === undefined) {
        found = cut(piece);
        cache.set(piece, found);
      }
      for (const id of found) ids.push(id);
    },
  };
}

function unknownScoreIsBetter(starts: Int32Array, scores: Float64Array, end: number, score: number): boolean {
  return starts[end] === -1 || score > scores[end]!;
}
