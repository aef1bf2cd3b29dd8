import { LoadError } from '@tokenwright/core';
import type { GgufFile } from '../file/gguf-file.ts';
import { readFlag } from '../file/keys.ts';
import { addedTokens, aroundText, idsByToken, type MadeTokenizer, tokenTypes, type Vocabulary } from './vocabulary.ts';

/**
 * `llama`: SentencePiece's BPE with byte fallback. It joins the neighbors whose joint piece has the highest score, so that the
 * scores are the ranks of merges: every way to make a piece of two others is one.
 */
export function sentencePieceTokenizer(file: GgufFile, vocabulary: Vocabulary): MadeTokenizer {
  const { scores, tokens, unknown } = vocabulary;
  if (scores === undefined) throw new LoadError(file.name, 'the key is missing', 'tokenizer.ggml.scores');
  const prefix = readFlag(file, 'tokenizer.ggml.add_space_prefix') ?? true;
  const addBegin = vocabulary.addBegin ?? true;
  const addEnd = vocabulary.addEnd ?? false;
  const spaces = { type: 'Replace', pattern: { String: ' ' }, content: '▁' };
  return {
    addBegin,
    addEnd,
    json: {
      version: '1.0',
      added_tokens: addedTokens(vocabulary),
      normalizer: prefix ? { type: 'Sequence', normalizers: [{ type: 'Prepend', prepend: '▁' }, spaces] } : spaces,
      pre_tokenizer: null,
      post_processor: aroundText(vocabulary, addBegin, addEnd),
      decoder: {
        type: 'Sequence',
        decoders: [
          { type: 'Replace', pattern: { String: '▁' }, content: ' ' },
          { type: 'ByteFallback' },
          { type: 'Fuse' },
          ...(prefix ? [{ type: 'Strip', content: ' ', start: 1, stop: 0 }] : []),
        ],
      },
      model: {
        type: 'BPE',
        unk_token: unknown === undefined ? null : tokens[unknown]!,
        fuse_unk: true,
        byte_fallback: true,
        vocab: idsByToken(tokens),
        merges: mergesByScore(vocabulary, scores),
      },
    },
  };
}

/** Pairs that make a piece, best score first; among the ways to make one piece, by the ids of the parts. */
export function mergesByScore({ tokens, typeOf }: Vocabulary, scores: ArrayLike<number>): [string, string][] {
  const ids = new Map<string, number>();
  for (const [id, token] of tokens.entries()) {
    const type = typeOf(id);
    if (type === tokenTypes.normal || type === tokenTypes.userDefined) ids.set(token, id);
  }
  const merges: { readonly pair: [string, string]; readonly score: number; readonly ids: [number, number] }[] = [];
  for (const [token, id] of ids) {
    // A surrogate half is never a piece, so splitting between UTF-16 units is harmless.
    for (let at = 1; at < token.length; at++) {
      const pair: [string, string] = [token.slice(0, at), token.slice(at)];
      const [left, right] = [ids.get(pair[0]), ids.get(pair[1])];
      if (left !== undefined && right !== undefined) merges.push({ pair, score: scores[id]!, ids: [left, right] });
    }
  }
  merges.sort((a, b) => b.score - a.score || a.ids[0] - b.ids[0] || a.ids[1] - b.ids[1]);
  return merges.map(({ pair }) => pair);
}
