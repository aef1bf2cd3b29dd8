import { LoadError } from '@tokenwright/core';
import { isObject, type JsonObject, shownJson } from '../sources/json.ts';
import { bpe, MergeError } from './models/bpe.ts';
import type { TokenModel } from './models/model.ts';
import { unigram } from './models/unigram.ts';
import { wordLevel } from './models/word-level.ts';
import { wordPiece } from './models/word-piece.ts';

/** Far above every vocabulary; keeps a damaged id from making a giant table. */
const largestId = 2 ** 24;

/** True for a number that can be a token id. */
export function isId(value: unknown): value is number {
  return typeof value === 'number' && Number.isInteger(value) && value >= 0 && value < largestId;
}

const kinds = ['BPE', 'Unigram', 'WordPiece', 'WordLevel'];

/**
 * The model of a tokenizer.json, whose options were checked.
 *
 * @throws LoadError for a vocabulary or merges that are missing or contradict each other.
 */
export function modelOf(json: JsonObject, file: string): TokenModel {
  const { model } = json;
  if (!isObject(model)) throw new LoadError(file, 'is missing', 'model');
  const fail = (field: string, problem: string): LoadError => new LoadError(file, problem, `model.${field}`);
  const kind = kindOf(model);
  if (typeof kind !== 'string' || !kinds.includes(kind))
    throw fail('type', `must be one of ${kinds.join(', ')}, but is ${shownJson(kind)}`);
  if (model.vocab === undefined || model.vocab === null) throw fail('vocab', 'is missing');
  const text = (key: string, fallback: string): string => (model[key] as string | null | undefined) ?? fallback;
  if (kind === 'Unigram') {
    const vocabulary = model.vocab;
    if (!Array.isArray(vocabulary) || vocabulary.length === 0 || !vocabulary.every(isScored))
      throw fail('vocab', 'must be a list of tokens with their scores');
    if (vocabulary.length > largestId) throw fail('vocab', `has ${vocabulary.length} tokens`);
    const unknownId = (model.unk_id as number | null | undefined) ?? undefined;
    // A key of ours in what was made from the files of Marian: ids that are not the places in the list.
    const ids = model.ids === undefined ? undefined : idsOf(model.ids, fail);
    if (ids === undefined && unknownId !== undefined && unknownId >= vocabulary.length)
      throw fail('unk_id', `is ${unknownId}, but there are ${vocabulary.length} tokens`);
    return unigram(vocabulary as [string, number][], {
      unknownId,
      byteFallback: model.byte_fallback === true,
      ...(ids === undefined ? {} : { ids }),
    });
  }
  const idsByToken = idsOf(model.vocab, fail);
  if (kind === 'WordLevel') return wordLevel(idsByToken, text('unk_token', '<unk>'));
  if (kind === 'WordPiece')
    return wordPiece(idsByToken, {
      unknown: text('unk_token', '[UNK]'),
      prefix: text('continuing_subword_prefix', '##'),
      longestWord: (model.max_input_chars_per_word as number | null | undefined) ?? 100,
    });
  const unknown = (model.unk_token as string | null | undefined) ?? undefined;
  try {
    return bpe(idsByToken, mergesOf(model.merges, fail), {
      unknown,
      fuseUnknown: model.fuse_unk === true,
      byteFallback: model.byte_fallback === true,
      ignoreMerges: model.ignore_merges === true,
      // A key of ours, for the tokenizers of GGUF files.
      wholeLineBreaks: model.whole_line_breaks === true,
      prefix: text('continuing_subword_prefix', ''),
      suffix: text('end_of_word_suffix', ''),
    });
  } catch (cause) {
    if (cause instanceof MergeError) throw fail('merges', cause.message);
    throw cause;
  }
}

/** Files from before 2021 have no type; their other keys tell. */
function kindOf(model: JsonObject): unknown {
  if (model.type !== undefined) return model.type;
  if (Array.isArray(model.vocab)) return 'Unigram';
  if (model.merges !== undefined) return 'BPE';
  return model.continuing_subword_prefix === undefined && model.max_input_chars_per_word === undefined
    ? 'WordLevel'
    : 'WordPiece';
}

type Fail = (field: string, problem: string) => LoadError;

function idsOf(vocab: unknown, fail: Fail): Map<string, number> {
  if (!isObject(vocab)) throw fail('vocab', `must be tokens with their ids, but is ${shownJson(vocab)}`);
  const ids = new Map<string, number>();
  for (const [token, id] of Object.entries(vocab)) {
    if (!isId(id)) throw fail('vocab', `the id of '${token.slice(0, 80)}' is ${shownJson(id)}`);
    ids.set(token, id);
  }
  return ids;
}

function mergesOf(merges: unknown, fail: Fail): [string, string][] {
  const broken = (): LoadError => fail('merges', "must be a list of pairs, as ['a', 'b'] or 'a b'");
  if (!Array.isArray(merges)) throw broken();
  const pairs: [string, string][] = [];
  for (const merge of merges) {
    if (typeof merge === 'string') {
      if (merge.startsWith('#version')) continue;
      const space = merge.indexOf(' ');
      if (space < 0 || merge.includes(' ', space + 1)) throw broken();
      pairs.push([merge.slice(0, space), merge.slice(space + 1)]);
    } else if (
      Array.isArray(merge) &&
      merge.length === 2 &&
      typeof merge[0] === 'string' &&
      typeof merge[1] === 'string'
    )
      pairs.push([merge[0], merge[1]]);
    else throw broken();
  }
  return pairs;
}

function isScored(entry: unknown): boolean {
  return (
    Array.isArray(entry) &&
    entry.length === 2 &&
    typeof entry[0] === 'string' &&
    typeof entry[1] === 'number' &&
    Number.isFinite(entry[1])
  );
}
