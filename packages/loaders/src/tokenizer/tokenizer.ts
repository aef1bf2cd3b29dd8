import { LoadError, ParameterError, type TextRange, type Tokenizer } from '@tokenwright/core';
import { checkBoolean, checkList, readOptions } from '@tokenwright/core/options';
import { checkJsonObject } from '../sources/check-sources.ts';
import { isObject, type JsonObject, shownJson } from '../sources/json.ts';
import { type AddedToken, AddedTokens } from './added-tokens.ts';
import { withTokensAround } from './around-text.ts';
import { withMarks, withoutMarks, withoutSpecialPieces } from './literal-text.ts';
import { isId, modelOf } from './model-parts.ts';
import { type TokenModel, UnknownTokenError } from './models/model.ts';
import { decoderOf } from './parts/decoders.ts';
import { PartError } from './parts/fields.ts';
import { normalizerOf } from './parts/normalizers.ts';
import { aroundOf } from './parts/post-processors.ts';
import { preTokenizerOf } from './parts/pre-tokenizers.ts';
import { PatternError } from './patterns/syntax.ts';
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

/**
 * A tokenizer from the contents of a tokenizer.json.
 *
 * Ids are those of Rust's `tokenizers`, component by component. Two parts follow the systems that models are trained with instead:
 * a Precompiled normalizer replaces the longest match, as SentencePiece does, and ByteFallback keeps complete characters beside
 * broken ones, so that a text can be streamed. `truncation` and `padding` of the file are left out, as transformers does.
 * `add_bos_token` and `add_eos_token` of tokenizer_config.json override the post-processor.
 *
 * Text is decoded exactly. `clean_up_tokenization_spaces`, with which some configurations remove spaces before punctuation, is
 * ignored: it loses characters and cannot be streamed. An id that the tokenizer lacks decodes to no text; models often have a few
 * more ids than their tokenizer. A lone surrogate in a text is encoded as U+FFFD.
 *
 * @param json contents of tokenizer.json.
 * @param config contents of tokenizer_config.json. Default empty.
 * @param file the name of the file in errors.
 * @throws LoadError for a part that is missing, damaged or not supported. `encode` and `decode` throw ParameterError and
 * UnknownOptionError, and LoadError for a text that the file's own model or pattern cannot cut.
 * @example
 * ```ts
 * const tokenizer = createTokenizer(JSON.parse(await readFile('tokenizer.json', 'utf8')));
 * tokenizer.decode(tokenizer.encode('Once upon a time'));
 * ```
 */
export function createTokenizer(json: JsonObject, config: JsonObject = {}, file = 'tokenizer.json'): LoadedTokenizer {
  checkJsonObject('createTokenizer', 'json', json);
  checkJsonObject('createTokenizer', 'config', config);
  checkTokenizerParts(json, file);
  const model = modelOf(json, file);
  const normalizer = partOf(json, 'normalizer', file, normalizerOf);
  const preTokenizer = partOf(json, 'pre_tokenizer', file, preTokenizerOf);
  const decoder = partOf(json, 'decoder', file, decoderOf);
  const listed = addedTokensOf(json, model, file);
  const added = new AddedTokens(listed, normalizer, languageCodesOf(json, model));
  const { tokens, ids } = vocabularyOf(model, listed, json, file);
  const withTokens = withTokensAround(json, config, file);
  const around = partOf(withTokens, 'post_processor', file, aroundOf) ?? { before: [], after: [] };
  for (const id of [...around.before, ...around.after])
    if (!tokens.has(id)) throw new LoadError(file, `adds the id ${id}, which the vocabulary lacks`, 'post_processor');

  let vocabSize = 0;
  for (const id of tokens.keys()) vocabSize = Math.max(vocabSize, id + 1);
  const special = new Set<number>();
  for (const token of listed) if (token.special) special.add(token.id);
  for (const token of additionalSpecialTokens(config)) {
    const id = ids.get(token);
    if (id !== undefined) special.add(id);
  }
  const specialTexts = new Set([...special].flatMap((id) => tokens.get(id) ?? []));
  // An id may share its text with a special one.
  for (const [id, token] of tokens) if (specialTexts.has(token)) special.add(id);
  /** Made when a text with literal special tokens is first encoded. */
  let literalModel: TokenModel | undefined;

  return {
    vocabSize,
    specialIds: [...special].sort((a, b) => a - b),
    tokenToId: (token) => ids.get(token),
    idToToken: (id) => tokens.get(id),
    encode(text, options = {}) {
      checkText(text);
      const { addSpecialTokens = true, splitSpecialTokens = false } = readOptions('tokenizer.encode', options, [
        'addSpecialTokens',
        'splitSpecialTokens',
      ]);
      checkBoolean('tokenizer.encode', 'addSpecialTokens', addSpecialTokens);
      const wellFormed = text.replace(/\p{Surrogate}/gu, '\uFFFD');
      const marked =
        splitSpecialTokens === false
          ? wellFormed
          : withMarks(wellFormed, specialTexts, checkRanges(splitSpecialTokens));
      const isMarked = marked !== wellFormed;
      if (isMarked) literalModel ??= modelOf(withoutSpecialPieces(json, specialTexts), file);
      const used = isMarked ? literalModel! : model;
      const result: number[] = addSpecialTokens ? [...around.before] : [];
      try {
        for (const piece of added.split(marked)) {
          if (piece.id !== undefined) {
            result.push(piece.id);
            continue;
          }
          // After special tokens were looked for, and before the text becomes words.
          const plain = isMarked ? { ...piece, text: withoutMarks(piece.text) } : piece;
          if (plain.text === '') continue;
          for (const word of preTokenizer === undefined ? [plain] : preTokenizer(plain))
            used.tokenize(word.text, result);
        }
      } catch (cause) {
        if (!(cause instanceof UnknownTokenError || cause instanceof PatternError)) throw cause;
        throw new LoadError(file, `the tokenizer cannot encode a text: ${cause.message}`, undefined, { cause });
      }
      if (addSpecialTokens) for (const id of around.after) result.push(id);
      return result;
    },
    decode(ids, options = {}) {
      const given = checkIds(ids);
      const { skipSpecialTokens = true } = readOptions('tokenizer.decode', options, ['skipSpecialTokens']);
      checkBoolean('tokenizer.decode', 'skipSpecialTokens', skipSpecialTokens);
      const known: string[] = [];
      for (const [i, id] of given.entries()) {
        if (typeof id !== 'number') throw new ParameterError('tokenizer.decode', `ids[${i}]`, 'a token id', id);
        const token = tokens.get(id);
        if (token !== undefined && !(skipSpecialTokens && special.has(id)))
          known.push(added.spellings.get(id) ?? token);
      }
      if (known.length === 0) return '';
      if (decoder === undefined) return known.join(' ');
      try {
        return decoder(known).join('');
      } catch (cause) {
        if (!(cause instanceof PatternError)) throw cause;
        throw new LoadError(file, `the tokenizer cannot decode ids: ${cause.message}`, undefined, { cause });
      }
    },
  };
}

function partOf<T>(json: JsonObject, name: string, file: string, make: (part: JsonObject) => T): T | undefined {
  const part = json[name];
  if (!isObject(part)) return undefined;
  try {
    return make(part);
  } catch (cause) {
    if (cause instanceof PartError) throw new LoadError(file, cause.message, `${name}.${cause.field}`, { cause });
    throw cause;
  }
}

/**
 * The added tokens, with the ids that the model has for their texts; where a text is listed twice, the last entry
 * counts, but it is special if one of them is.
 */
function addedTokensOf(json: JsonObject, model: TokenModel, file: string): AddedToken[] {
  const list = json.added_tokens ?? [];
  if (!Array.isArray(list)) throw new LoadError(file, 'must be a list', 'added_tokens');
  const byContent = new Map<string, AddedToken>();
  for (const token of list) {
    if (!isObject(token) || typeof token.content !== 'string' || !isId(token.id))
      throw new LoadError(file, `an entry must have a content and an id, but is ${shownJson(token)}`, 'added_tokens');
    const { content } = token;
    const flag = (key: string): boolean => {
      const value = token[key] ?? undefined;
      if (value !== undefined && typeof value !== 'boolean')
        throw new LoadError(
          file,
          `${key} of '${content.slice(0, 80)}' must be true or false, but is ${shownJson(value)}`,
          'added_tokens',
        );
      return value === true;
    };
    const special = flag('special');
    if (content === '') continue;
    byContent.set(content, {
      content,
      id: model.idsByToken.get(content) ?? token.id,
      singleWord: flag('single_word'),
      lstrip: flag('lstrip'),
      rstrip: flag('rstrip'),
      normalized: (token.normalized ?? undefined) === undefined ? !special : flag('normalized'),
      special: special || byContent.get(content)?.special === true,
    });
  }
  return [...byContent.values()];
}

/** Tokens by id and ids by token, of the model and the added tokens together. */
function vocabularyOf(
  model: TokenModel,
  listed: readonly AddedToken[],
  json: JsonObject,
  file: string,
): { tokens: ReadonlyMap<number, string>; ids: ReadonlyMap<string, number> } {
  const tokens = new Map<number, string>();
  const ids = new Map<string, number>();
  const { vocab: vocabulary, ids: ownIds } = json.model as JsonObject;
  // A Unigram list may hold a text twice; both ids stand for it.
  if (Array.isArray(vocabulary) && ownIds === undefined)
    for (const [id, [token]] of vocabulary.entries()) tokens.set(id, token as string);
  for (const [token, id] of model.idsByToken) {
    ids.set(token, id);
    tokens.set(id, token);
  }
  for (const { content, id } of listed) {
    const other = tokens.get(id);
    if (other !== undefined && other !== content)
      throw new LoadError(
        file,
        `'${content.slice(0, 80)}' has the id ${id}, which is that of '${other.slice(0, 80)}'`,
        'added_tokens',
      );
    ids.set(content, id);
    tokens.set(id, content);
  }
  // A key of ours in what was made from a GGUF file, since the format has one id per text: tokens by further ids.
  const duplicates = json.duplicate_tokens;
  if (isObject(duplicates))
    for (const [id, token] of Object.entries(duplicates))
      if (typeof token === 'string' && isId(Number(id)) && !tokens.has(Number(id))) tokens.set(Number(id), token);
  return { tokens, ids };
}

/** A key of ours in what was made from the files of Marian: a language code in front of a text is a token, known or unknown. */
function languageCodesOf(json: JsonObject, model: TokenModel): ((code: string) => number) | undefined {
  const unknown = (json.model as JsonObject).unk_id;
  if (json.language_codes !== true || typeof unknown !== 'number') return undefined;
  return (code) => model.idsByToken.get(code) ?? unknown;
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

function additionalSpecialTokens(config: JsonObject): readonly string[] {
  const tokens = config.additional_special_tokens;
  return Array.isArray(tokens) ? tokens.filter((token) => typeof token === 'string') : [];
}
