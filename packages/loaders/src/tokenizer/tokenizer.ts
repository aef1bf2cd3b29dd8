import * as library from '@huggingface/tokenizers';
import { LoadError, ParameterError, type TextRange, type Tokenizer } from '@tokenwright/core';
import { checkBoolean, checkList, readOptions } from '@tokenwright/core/options';
import { checkJsonObject } from '../sources/check-sources.ts';
import { isObject, type JsonObject } from '../sources/json.ts';
import { withTokensAround } from './around-text.ts';
import { withMarks, withoutMarks, withoutSpecialPieces } from './literal-text.ts';
import { checkTokenizerParts } from './tokenizer-parts.ts';

/** A tokenizer that was read from files: core's contract, with lookups by token and by id. */
export interface LoadedTokenizer extends Tokenizer {
  /** Id of a token by its spelling in the vocabulary ('Ġthe', '<|endoftext|>'), or undefined. */
  tokenToId(token: string): number | undefined;
  /** Spelling of a token in the vocabulary, or undefined when the tokenizer has no such id. */
  idToToken(id: number): string | undefined;
  /** Ids of the control tokens, which `decode` leaves out by default, ascending. */
  readonly specialIds: readonly number[];
}

/** The members of @huggingface/tokenizers that are used here. Its own types do not resolve under ESM rules. */
interface HubTokenizer {
  pre_tokenizer: HubSplit | null;
  readonly decoder: HubPart | null;
  encode(
    text: string,
    options: { add_special_tokens: boolean },
  ): { ids: (number | null | undefined)[]; tokens: string[] };
  decode(ids: number[], options: { clean_up_tokenization_spaces: boolean }): string;
  token_to_id(token: string): number | undefined;
  id_to_token(id: number): string | undefined;
  get_vocab(withAddedTokens: boolean): Map<string, number>;
  get_added_tokens_decoder(): Map<number, { special: boolean }>;
}

/** Splits a text into words. */
type HubSplit = (text: string, options: object) => string[];

/** A pre-tokenizer or decoder; which members it has depends on its kind. */
interface HubPart extends HubSplit {
  readonly tokenizers?: readonly (HubPart | null)[];
  readonly decoders?: readonly (HubPart | null)[];
  readonly byte_encoder?: object;
  pattern?: RegExp;
  text_decoder?: TextDecoder;
}

const HubTokenizer = library.Tokenizer as unknown as new (json: object, config: object) => HubTokenizer;

const modelKinds = ['BPE', 'Unigram', 'WordPiece'];

/**
 * A tokenizer from the contents of a tokenizer.json.
 *
 * `add_bos_token` and `add_eos_token` of the configuration decide whether `encode` adds the begin and the end token; without them
 * the post_processor does.
 *
 * Text is decoded exactly. `clean_up_tokenization_spaces`, with which some configurations remove spaces before punctuation, is
 * ignored: it loses characters and cannot be streamed. An id that the tokenizer lacks decodes to no text; models often have a few
 * more ids than their tokenizer.
 *
 * @param json contents of tokenizer.json.
 * @param config contents of tokenizer_config.json. Default empty.
 * @param file the name of the file in errors.
 * @throws LoadError for a part that is missing, damaged or not supported. `encode` and `decode` throw ParameterError and
 * UnknownOptionError.
 * @example
 * ```ts
 * const tokenizer = createTokenizer(JSON.parse(await readFile('tokenizer.json', 'utf8')));
 * tokenizer.decode(tokenizer.encode('Once upon a time'));
 * ```
 */
export function createTokenizer(json: JsonObject, config: JsonObject = {}, file = 'tokenizer.json'): LoadedTokenizer {
  checkJsonObject('createTokenizer', 'json', json);
  checkJsonObject('createTokenizer', 'config', config);
  checkTokenizer(json, file);
  checkTokenizerParts(json, file);
  // Absent and null mean the same, but the library insists on the keys.
  const complete = {
    normalizer: null,
    pre_tokenizer: null,
    post_processor: null,
    decoder: null,
    ...withTokensAround(json, config, file),
    added_tokens: json.added_tokens ?? [],
  };
  const open = (contents: JsonObject): HubTokenizer => {
    let opened: HubTokenizer;
    try {
      opened = new HubTokenizer(contents, config);
    } catch (cause) {
      throw new LoadError(file, messageOf(cause), undefined, { cause });
    }
    makeExact(opened.pre_tokenizer as HubPart | null);
    makeExact(opened.decoder);
    return opened;
  };
  const hub = open(complete);

  /** A file can pass the checks and still make no sense. Then the library fails when it is used. */
  const used = <T>(purpose: string, work: () => T): T => {
    try {
      return work();
    } catch (cause) {
      throw new LoadError(file, `the tokenizer cannot ${purpose}: ${messageOf(cause)}`, undefined, { cause });
    }
  };

  const vocabulary = hub.get_vocab(true);
  let vocabSize = 0;
  for (const id of vocabulary.values()) vocabSize = Math.max(vocabSize, id + 1);
  const special = new Set<number>();
  for (const [id, token] of hub.get_added_tokens_decoder()) if (token.special) special.add(id);
  for (const token of additionalSpecialTokens(config)) {
    const id = hub.token_to_id(token);
    if (id !== undefined) special.add(id);
  }
  const specialTexts = new Set([...special].flatMap((id) => hub.id_to_token(id) ?? []));
  /** Opened when a text with literal special tokens is first encoded. */
  let literal: HubTokenizer | undefined;
  const openLiteral = (): HubTokenizer => {
    const opened = open(withoutSpecialPieces(complete, specialTexts));
    const split = opened.pre_tokenizer;
    // After special tokens were looked for, and before the text becomes words.
    opened.pre_tokenizer = (part, options) => {
      const plain = withoutMarks(part);
      return split === null ? [plain] : split(plain, options);
    };
    return opened;
  };

  return {
    vocabSize,
    specialIds: [...special].sort((a, b) => a - b),
    tokenToId: (token) => hub.token_to_id(token),
    idToToken: (id) => hub.id_to_token(id),
    encode(text, options = {}) {
      checkText(text);
      const { addSpecialTokens = true, splitSpecialTokens = false } = readOptions('tokenizer.encode', options, [
        'addSpecialTokens',
        'splitSpecialTokens',
      ]);
      checkBoolean('tokenizer.encode', 'addSpecialTokens', addSpecialTokens);
      const marked =
        splitSpecialTokens === false ? text : withMarks(text, specialTexts, checkRanges(splitSpecialTokens));
      if (marked !== text) literal ??= openLiteral();
      const { ids, tokens } = used('encode a text', () =>
        (marked === text ? hub : literal!).encode(marked, { add_special_tokens: addSpecialTokens }),
      );
      const unknown = ids.findIndex((id) => !isId(id));
      if (unknown >= 0) throw new LoadError(file, 'the tokenizer uses this token, but gives it no id', tokens[unknown]);
      return ids as number[];
    },
    decode(ids, options = {}) {
      const given = checkIds(ids);
      const { skipSpecialTokens = true } = readOptions('tokenizer.decode', options, ['skipSpecialTokens']);
      checkBoolean('tokenizer.decode', 'skipSpecialTokens', skipSpecialTokens);
      const known: number[] = [];
      for (const [i, id] of given.entries()) {
        if (typeof id !== 'number') throw new ParameterError('tokenizer.decode', `ids[${i}]`, 'a token id', id);
        if (hub.id_to_token(id) !== undefined && !(skipSpecialTokens && special.has(id))) known.push(id);
      }
      if (known.length === 0) return '';
      return used('decode ids', () => hub.decode(known, { clean_up_tokenization_spaces: false }));
    },
  };
}

function checkText(text: unknown): void {
  if (typeof text === 'string') return;
  const allowed = Array.isArray(text) ? 'one string (encode the texts of a list one by one)' : 'a string';
  throw new ParameterError('tokenizer.encode', 'text', allowed, text);
}

function checkRanges(ranges: unknown): true | readonly TextRange[] {
  const isRange = (range: unknown): boolean =>
    Array.isArray(range) && range.length === 2 && range.every((at) => Number.isInteger(at) && at >= 0);
  const allowed = 'true, false or a list of ranges [start, end]';
  const item = (range: unknown): TextRange => {
    if (isRange(range)) return range as TextRange;
    throw new ParameterError('tokenizer.encode', 'splitSpecialTokens', allowed, range);
  };
  return ranges === true || checkList('tokenizer.encode', 'splitSpecialTokens', ranges, allowed, { item });
}

function checkIds(ids: unknown): readonly unknown[] {
  let allowed = 'a list of token ids';
  if (typeof ids === 'string') allowed += ' (encode turns a text into ids)';
  else if (typeof ids === 'number') allowed += ' (for one id, a list of one)';
  return checkList('tokenizer.decode', 'ids', ids, allowed);
}

function checkTokenizer(json: JsonObject, file: string): void {
  const fail = (field: string, problem: string): never => {
    throw new LoadError(file, problem, field);
  };
  const { model, added_tokens: added = [] } = json;
  if (!isObject(model)) throw new LoadError(file, 'is missing', 'model');
  // Files from before 2021 have no type; the library infers it from the other keys.
  const kind = model.type;
  if (kind !== undefined && !modelKinds.includes(kind as string))
    fail('model.type', `must be one of ${modelKinds.join(', ')}, but is ${JSON.stringify(kind)}`);

  const { vocab, merges } = model;
  if (Array.isArray(vocab)) {
    if (!vocab.every((entry) => Array.isArray(entry) && typeof entry[0] === 'string' && typeof entry[1] === 'number'))
      fail('model.vocab', 'must be a list of tokens with their scores');
  } else if (isObject(vocab)) {
    for (const [token, id] of Object.entries(vocab))
      if (!isId(id)) fail('model.vocab', `the id of '${token}' is ${JSON.stringify(id)}`);
  } else fail('model.vocab', 'is missing');
  if (kind === 'BPE' && !(Array.isArray(merges) && merges.every(isMerge)))
    fail('model.merges', "must be a list of pairs, as ['a', 'b'] or 'a b'");
  if (!Array.isArray(added)) throw new LoadError(file, 'must be a list', 'added_tokens');
  for (const token of added)
    if (!isObject(token) || typeof token.content !== 'string' || !isId(token.id))
      fail('added_tokens', `an entry must have a content and an id, but is ${JSON.stringify(token)}`);
}

function messageOf(cause: unknown): string {
  return cause instanceof Error ? cause.message : String(cause);
}

/** Far above every vocabulary; keeps a damaged id from making a giant table. */
const largestId = 2 ** 24;

function isId(value: unknown): value is number {
  return typeof value === 'number' && Number.isInteger(value) && value >= 0 && value < largestId;
}

function isMerge(value: unknown): boolean {
  if (typeof value === 'string') return value.includes(' ');
  return Array.isArray(value) && value.length === 2 && value.every((part) => typeof part === 'string');
}

function additionalSpecialTokens(config: JsonObject): readonly string[] {
  const tokens = config.additional_special_tokens;
  return Array.isArray(tokens) ? tokens.filter((token) => typeof token === 'string') : [];
}

/** Correct the differences between the library and the tokenizers that models are trained with. */
function makeExact(part: HubPart | null): void {
  if (part === null) return;
  if (part.byte_encoder !== undefined) part.pattern = byteLevelPattern;
  // A byte order mark is a character like others.
  if (part.text_decoder !== undefined) part.text_decoder = new TextDecoder('utf-8', { ignoreBOM: true });
  for (const inner of [...(part.tokenizers ?? []), ...(part.decoders ?? [])]) makeExact(inner);
}

/** GPT-2's word pattern with Unicode's white space; JavaScript's `\s` also holds U+FEFF and lacks U+0085. */
const byteLevelPattern =
  /'s|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?\p{N}+| ?[^\p{White_Space}\p{L}\p{N}]+|\p{White_Space}+(?!\P{White_Space})|\p{White_Space}+/gu;
