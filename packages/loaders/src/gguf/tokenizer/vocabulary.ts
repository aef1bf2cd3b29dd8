import { LoadError } from '@tokenwright/core';
import { knownEndTokens } from '../../sources/end-tokens.ts';
import type { JsonObject } from '../../sources/json.ts';
import type { GgufFile } from '../file/gguf-file.ts';
import { readFlag, readInteger, readText } from '../file/keys.ts';

/** `tokenizer.ggml.token_type`. */
export const tokenTypes = { normal: 1, unknown: 2, control: 3, userDefined: 4, unused: 5, byte: 6 } as const;

/** The vocabulary of a file, checked. */
export interface Vocabulary {
  readonly file: string;
  readonly tokens: readonly string[];
  readonly scores: ArrayLike<number> | undefined;
  typeOf(id: number): number;
  /** True for a control token that takes the white space after it. */
  stripsAfter(token: string): boolean;
  /** Ids of the begin, end and unknown token, where the file names them or the kind has them. */
  readonly begin: number | undefined;
  readonly end: number | undefined;
  readonly unknown: number | undefined;
  /** Ids by the names that Hugging Face has for them: `bos_token`, `sep_token` and so on. */
  readonly named: Readonly<Record<string, number | undefined>>;
  readonly addBegin: boolean | undefined;
  readonly addEnd: boolean | undefined;
}

/** A kind's tokenizer.json, and what it puts around a text. */
export interface MadeTokenizer {
  readonly json: JsonObject;
  readonly addBegin: boolean;
  readonly addEnd: boolean;
  /** Why a text cannot be encoded as the model expects; undefined when it can. */
  readonly problem?: LoadError | undefined;
}

/** @throws LoadError for lists that are missing or contradict each other. */
export function readVocabulary(file: GgufFile, kind: string): Vocabulary {
  const tokens = file.metadata.get('tokenizer.ggml.tokens');
  if (!isTexts(tokens)) throw new LoadError(file.name, 'must be a list of texts', 'tokenizer.ggml.tokens');
  // No key says so; llama.cpp goes by the name of the model.
  const isPhi3 = /phi-?3/.test(readText(file, 'general.name')?.toLowerCase() ?? '');
  const types = numbersFor(file, 'tokenizer.ggml.token_type', tokens.length);
  // Llama's ids where a file names none, as its first tokenizer had them; T5's likewise.
  const usual = kind === 'llama' ? [1, 2, 0] : kind === 't5' ? [undefined, 1, 2] : [];
  const id = (key: string, fallback: number | undefined): number | undefined =>
    tokenId(file, key, tokens.length) ?? (fallback !== undefined && fallback < tokens.length ? fallback : undefined);
  const begin = id('tokenizer.ggml.bos_token_id', usual[0]);
  const end = id('tokenizer.ggml.eos_token_id', usual[1]);
  const unknown = id('tokenizer.ggml.unknown_token_id', usual[2]);
  return {
    file: file.name,
    tokens,
    scores: numbersFor(file, 'tokenizer.ggml.scores', tokens.length),
    typeOf: (token) => types?.[token] ?? tokenTypes.normal,
    stripsAfter: (token) => isPhi3 && !['<unk>', '<s>', '<|endoftext|>'].includes(token),
    begin,
    end,
    unknown,
    named: {
      bos_token: begin,
      eos_token: end,
      unk_token: unknown,
      // Files have the first spelling, the format's description the second.
      sep_token: id(
        'tokenizer.ggml.seperator_token_id',
        tokenId(file, 'tokenizer.ggml.separator_token_id', tokens.length),
      ),
      pad_token: id('tokenizer.ggml.padding_token_id', undefined),
      cls_token: id('tokenizer.ggml.cls_token_id', undefined),
      mask_token: id('tokenizer.ggml.mask_token_id', undefined),
    },
    addBegin: readFlag(file, 'tokenizer.ggml.add_bos_token'),
    addEnd: readFlag(file, 'tokenizer.ggml.add_eos_token'),
  };
}

/** A token id by its key; one beyond the vocabulary names no token, as llama.cpp has it, too. */
export function tokenId(file: GgufFile, key: string, vocabSize: number): number | undefined {
  const id = readInteger(file, key);
  return id === undefined || id >= vocabSize ? undefined : id;
}

function numbersFor(file: GgufFile, key: string, count: number): ArrayLike<number> | undefined {
  const value = file.metadata.get(key);
  if (value === undefined) return undefined;
  if (!(value instanceof Int32Array || value instanceof Float32Array || value instanceof Uint32Array))
    throw new LoadError(file.name, 'must be a list of 32-bit numbers', key);
  if (value.length !== count)
    throw new LoadError(file.name, `has ${value.length} entries, but tokenizer.ggml.tokens has ${count}`, key);
  return value;
}

/** True for a list of strings. */
export function isTexts(value: unknown): value is readonly string[] {
  return Array.isArray(value) && value.every((text) => typeof text === 'string');
}

/** Control tokens, named ones, and those that a person defined: they are found in a text before anything else. */
export function addedTokens({ tokens, typeOf, stripsAfter, named }: Vocabulary): JsonObject[] {
  const added: JsonObject[] = [];
  const ids = new Map(tokens.map((token, id) => [token, id]));
  // Some files give an end token the type of a word. It is a control token all the same, as llama.cpp has it.
  const ends = new Set(knownEndTokens((token) => ids.get(token)).map(({ id }) => id));
  // Some files name an ordinary word, such as '!', for padding. It stays a word.
  const roles = new Set(
    Object.values(named).filter((id) => id !== undefined && /^(?:<.+>|\[.+\])$/s.test(tokens[id]!)),
  );
  for (const [id, content] of tokens.entries()) {
    const type = typeOf(id);
    const special = type === tokenTypes.control || type === tokenTypes.unknown || ends.has(id) || roles.has(id);
    if (content === '' || !(special || type === tokenTypes.userDefined)) continue;
    added.push({
      id,
      content,
      single_word: false,
      lstrip: false,
      rstrip: stripsAfter(content),
      normalized: false,
      special,
    });
  }
  return added;
}

/** Token to id. Of ids with one text the last counts, as in llama.cpp. */
export function idsByToken(tokens: readonly string[]): JsonObject {
  // A token may be called '__proto__'.
  return Object.fromEntries(tokens.map((token, id) => [token, id]));
}

/** The ids that lose their text to a later id, which tokenizer.json cannot hold; undefined when there are none. */
export function duplicatesOf(tokens: readonly string[]): JsonObject | undefined {
  const last = new Map(tokens.map((token, id) => [token, id]));
  const lost = tokens.flatMap((token, id): [string, string][] => (last.get(token) === id ? [] : [[String(id), token]]));
  return lost.length === 0 ? undefined : Object.fromEntries(lost);
}

/** The part of tokenizer.json that puts the begin and end token around a text. */
export function aroundText(
  { file, tokens, begin, end }: Vocabulary,
  addBegin: boolean,
  addEnd: boolean,
): JsonObject | null {
  const part = (id: number | undefined, wanted: boolean, key: string): number | undefined => {
    if (!wanted) return undefined;
    if (id === undefined) throw new LoadError(file, 'is missing, but the token is to be added', key);
    return id;
  };
  const first = part(begin, addBegin, 'tokenizer.ggml.bos_token_id');
  const last = part(end, addEnd, 'tokenizer.ggml.eos_token_id');
  if (first === undefined && last === undefined) return null;
  const around = (sequence: string, type: number): JsonObject[] => [
    ...(first === undefined ? [] : [{ SpecialToken: { id: tokens[first]!, type_id: type } }]),
    { Sequence: { id: sequence, type_id: type } },
    ...(last === undefined ? [] : [{ SpecialToken: { id: tokens[last]!, type_id: type } }]),
  ];
  const special = [...new Set([first, last])].filter((id) => id !== undefined);
  return {
    type: 'TemplateProcessing',
    single: around('A', 0),
    pair: [...around('A', 0), ...around('B', 1)],
    special_tokens: Object.fromEntries(
      special.map((id) => [tokens[id]!, { id: tokens[id]!, ids: [id], tokens: [tokens[id]!] }]),
    ),
  };
}
