import { LoadError } from '@tokenwright/core';
import { isObject, type JsonObject } from '../sources/json.ts';
import { isId } from './model-parts.ts';
import { readSentencePiece, type SentencePieceFile } from './sentencepiece.ts';

/** The files of a Marian tokenizer. */
export interface MarianFiles {
  /** source.spm: cuts sources into pieces. */
  readonly sourcePieces: Uint8Array;
  /** target.spm: cuts outputs into pieces. */
  readonly targetPieces: Uint8Array;
  /** vocab.json: piece to id, of sources, and of outputs where these have no vocabulary of their own. */
  readonly vocabulary: JsonObject;
  /** target_vocab.json: piece to id, of outputs. */
  readonly targetVocabulary: JsonObject | undefined;
  /** Contents of tokenizer_config.json. */
  readonly config: JsonObject;
  /** Contents of special_tokens_map.json. */
  readonly specialTokens: JsonObject;
}

/** A tokenizer.json for each side. */
export interface MarianTokenizers {
  readonly target: JsonObject;
  /** Undefined when sources are encoded as outputs are. */
  readonly source: JsonObject | undefined;
}

/**
 * The tokenizers that the files of a Marian model stand for, as transformers' `MarianTokenizer` uses them: SentencePiece cuts a text with
 * source.spm or target.spm, and the id of a piece is that of vocab.json or target_vocab.json. A language code in front (`>>fra<<`) is one
 * token.
 *
 * Keys of ours in the result: `model.ids` has the ids of pieces, and `language_codes` says that a code is cut off.
 *
 * @throws LoadError for files that are damaged, or that use what is not read.
 */
export function marianTokenizers(files: MarianFiles): MarianTokenizers {
  const { vocabulary, config } = files;
  const separate = config.separate_vocabs === true;
  if (separate && files.targetVocabulary === undefined)
    throw new LoadError('tokenizer_config.json', 'is true, but there is no target_vocab.json', 'separate_vocabs');
  if (isObject(config.sp_model_kwargs) && Object.keys(config.sp_model_kwargs).length > 0)
    throw new LoadError('tokenizer_config.json', 'options of SentencePiece are not read', 'sp_model_kwargs');
  const target = separate
    ? tokenizerOf(files, files.targetPieces, 'target', files.targetVocabulary!, 'target_vocab.json')
    : tokenizerOf(files, files.targetPieces, 'target', vocabulary, 'vocab.json');
  const isSame = !separate && areEqual(files.sourcePieces, files.targetPieces);
  const source = isSame ? undefined : tokenizerOf(files, files.sourcePieces, 'source', vocabulary, 'vocab.json');
  return { target, source };
}

function tokenizerOf(
  { config, specialTokens }: MarianFiles,
  bytes: Uint8Array,
  side: 'source' | 'target',
  ids: JsonObject,
  vocabularyFile: string,
): JsonObject {
  const file = `${side}.spm`;
  const model = readSentencePiece(bytes, file);
  checkModel(model, file);
  for (const [token, id] of Object.entries(ids))
    if (!isId(id)) throw new LoadError(vocabularyFile, `the id of '${token.slice(0, 80)}' is ${String(id)}`);
  const named = (key: string, fallback: string): string => contentOf(config[key] ?? specialTokens[key]) ?? fallback;
  const idOf = (token: string): number => {
    if (Object.hasOwn(ids, token)) return ids[token] as number;
    throw new LoadError(vocabularyFile, `lacks the token '${token}'`);
  };
  const [unknown, end, padding] = [
    named('unk_token', '<unk>'),
    named('eos_token', '</s>'),
    named('pad_token', '<pad>'),
  ];
  const special = new Map([unknown, end].map((token) => [token, idOf(token)]));
  for (const token of [padding, ...furtherTokens(config), ...furtherTokens(specialTokens)])
    if (Object.hasOwn(ids, token)) special.set(token, ids[token] as number);
  return {
    version: '1.0',
    added_tokens: [...special].map(([content, id]) => ({ id, content, normalized: false, special: true })),
    normalizer: normalizerOf(model),
    pre_tokenizer: null,
    post_processor: {
      type: 'TemplateProcessing',
      single: [{ Sequence: { id: 'A', type_id: 0 } }, { SpecialToken: { id: end, type_id: 0 } }],
      special_tokens: { [end]: { id: end, ids: [special.get(end)!], tokens: [end] } },
    },
    decoder: { type: 'Metaspace', replacement: '▁', prepend_scheme: model.addDummyPrefix ? 'always' : 'never' },
    model: {
      type: 'Unigram',
      // Only these are found in a text. A control piece that is spelled there is text.
      vocab: model.pieces.flatMap(({ text, score, kind }) => (kind === 'normal' ? [[text, score]] : [])),
      ids,
      unk_id: special.get(unknown)!,
      byte_fallback: false,
    },
    language_codes: true,
  };
}

/** Marian's models use SentencePiece as it is trained by default. Anything else would be cut into other pieces. */
function checkModel(model: SentencePieceFile, file: string): void {
  const fail = (what: string): LoadError =>
    new LoadError(file, `${what}, which is not read; a tokenizer.json is needed`);
  if (model.algorithm !== 'unigram') throw fail(`is a ${model.algorithm} model`);
  if (model.byteFallback) throw fail('spells unknown characters as bytes (byte_fallback)');
  if (model.spacesAsSuffix) throw fail('has spaces at the end of words (treat_whitespace_as_suffix)');
  if (!model.escapeWhitespaces) throw fail('keeps spaces as they are (escape_whitespaces: false)');
  if (model.pieces.some(({ kind }) => kind === 'userDefined')) throw fail('has user-defined symbols');
}

/** What SentencePiece's normalizer does: its table, spaces, and a space in front. */
function normalizerOf(model: SentencePieceFile): JsonObject {
  const replace = (pattern: JsonObject, content: string): JsonObject => ({ type: 'Replace', pattern, content });
  const steps: JsonObject[] = [];
  if (model.characterMap.length > 0)
    steps.push({ type: 'Precompiled', precompiled_charsmap: base64Of(model.characterMap) });
  if (model.removeExtraWhitespaces)
    // A '▁' in the text is a space here too, but only at its end.
    for (const [pattern, content] of [
      ['\\A +', ''],
      ['[ ▁]+\\z', ''],
      [' {2,}', ' '],
    ] as const)
      steps.push(replace({ Regex: pattern }, content));
  if (model.addDummyPrefix) steps.push({ type: 'Prepend', prepend: '▁' });
  steps.push(replace({ String: ' ' }, '▁'));
  return { type: 'Sequence', normalizers: steps };
}

/** Special tokens that a file lists besides the named ones. */
function furtherTokens(file: JsonObject): string[] {
  const { additional_special_tokens: more, added_tokens_decoder: declared } = file;
  return [
    ...(Array.isArray(more) ? more : []),
    ...(isObject(declared) ? Object.values(declared).filter((token) => isObject(token) && token.special === true) : []),
  ].flatMap((token) => contentOf(token) ?? []);
}

/** A special token is a text, or an object with one. */
function contentOf(token: unknown): string | undefined {
  const content = isObject(token) ? token.content : token;
  return typeof content === 'string' && content !== '' ? content : undefined;
}

function areEqual(a: Uint8Array, b: Uint8Array): boolean {
  return a.length === b.length && a.every((byte, i) => byte === b[i]);
}

function base64Of(bytes: Uint8Array): string {
  let text = '';
  for (let i = 0; i < bytes.length; i += 4096) text += String.fromCharCode(...bytes.subarray(i, i + 4096));
  return btoa(text);
}
