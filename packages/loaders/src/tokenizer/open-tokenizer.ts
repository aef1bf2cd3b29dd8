import { LoadError, ParameterError } from '@tokenwright/core';
import { readOptions } from '@tokenwright/core/options';
import { type ByteSource, readRange } from '../sources/byte-source.ts';
import { checkModelSource } from '../sources/check-sources.ts';
import { decodeUtf8, type JsonObject, largestJson, readJson } from '../sources/json.ts';
import type { ModelSource } from '../sources/model-source.ts';
import { marianTokenizers } from './marian-files.ts';
import { createTokenizer, type LoadedTokenizer } from './tokenizer.ts';
import { tokenizerFromVocabulary } from './vocabulary-files.ts';

/** Tokenizers of other kinds, and what makes them readable. */
const unsupported = ['tokenizer.model', 'spiece.model', 'sentencepiece.bpe.model', 'vocab.txt'];

/** What a tokenizer is made of. */
export interface TokenizerFiles {
  /** Where it comes from, and names it in errors: 'tokenizer.json', 'vocab.json', or GGUF's name of the kind. */
  readonly kind: string;
  /** Contents of tokenizer.json, or what says the same. */
  readonly json: JsonObject;
  /** Contents of tokenizer_config.json; empty when there is none. */
  readonly config: JsonObject;
  /** Why a text cannot be encoded as the model expects. Absent or undefined when it can. */
  readonly problem?: LoadError | undefined;
  /** The tokenizer of sources, where it is another one than that of outputs: contents of its tokenizer.json, or what says the same. */
  readonly source?: { readonly kind: string; readonly json: JsonObject } | undefined;
}

/** The tokenizers of a model. They are the same object unless sources are encoded in a way of their own. */
export interface TokenizerPair {
  /** Of outputs, and of models without an encoder. */
  readonly tokenizer: LoadedTokenizer;
  readonly sourceTokenizer: LoadedTokenizer;
}

/**
 * The file of the tokenizer of sources, in folders that `convertModel` writes, and the key of tokenizer_config.json that says that it is
 * there.
 */
export const sourceTokenizerFile = 'source_tokenizer.json';
export const sourceTokenizerKey = 'source_tokenizer';

/**
 * The tokenizer of a model: Marian's source.spm and target.spm with vocab.json, which its own code reads; otherwise tokenizer.json, or
 * vocab.json with merges.txt.
 *
 * @returns undefined when the source holds no tokenizer files at all.
 * @throws LoadError when there is a tokenizer, but damaged or of a kind that is not read.
 */
export async function readTokenizerFiles(
  source: ModelSource,
): Promise<(TokenizerFiles & { readonly name: string }) | undefined> {
  const json = async (name: string): Promise<JsonObject | undefined> => {
    const file = await source.file(name);
    return file === undefined ? undefined : readJson(file);
  };
  const config = (await json('tokenizer_config.json')) ?? {};
  const marian = await readMarianFiles(source, config, json);
  if (marian !== undefined) return marian;
  const file = await source.file('tokenizer.json');
  const ofSources = config[sourceTokenizerKey] === true ? await json(sourceTokenizerFile) : undefined;
  if (ofSources === undefined) await refuseTwoVocabularies(source, config);
  if (file !== undefined)
    return {
      kind: 'tokenizer.json',
      name: file.name,
      json: await readJson(file),
      config,
      source: ofSources && { kind: sourceTokenizerFile, json: ofSources },
    };

  const [vocabulary, merges] = await Promise.all([json('vocab.json'), source.file('merges.txt')]);
  if (vocabulary !== undefined && merges !== undefined) {
    const equivalent = tokenizerFromVocabulary({
      vocabulary,
      merges: await readText(merges),
      config,
      specialTokens: (await json('special_tokens_map.json')) ?? {},
      addedTokens: (await json('added_tokens.json')) ?? {},
      name: source.name,
    });
    return { kind: 'vocab.json', name: source.name, json: equivalent, config };
  }
  await refuseOthers(source, vocabulary !== undefined, merges !== undefined);
  return undefined;
}

/** Options of `loadTokenizer`. */
export interface LoadTokenizerOptions {
  /**
   * Which tokenizer of an encoder-decoder model: that of its outputs, or that of its sources. Most models have one for both. Default
   * 'target'.
   */
  readonly side?: 'source' | 'target';
}

/**
 * The tokenizer of a model, which must have one: for encoding and decoding without the weights.
 *
 * @throws LoadError when the source holds no tokenizer files, or damaged ones, or ones of a kind that is not read; ParameterError and
 * UnknownOptionError for options.
 * @example
 * ```ts
 * const tokenizer = await loadTokenizer(folder('./opus-mt-de-en'), { side: 'source' });
 * ```
 */
export async function loadTokenizer(source: ModelSource, options: LoadTokenizerOptions = {}): Promise<LoadedTokenizer> {
  checkModelSource('loadTokenizer', source);
  const { side = 'target' } = readOptions('loadTokenizer', options, ['side']);
  if (side !== 'source' && side !== 'target')
    throw new ParameterError('loadTokenizer', 'side', "'source' or 'target'", side);
  const files = await readTokenizerFiles(source);
  if (files === undefined)
    throw new LoadError(source.name, 'there is no tokenizer: neither tokenizer.json nor vocab.json with merges.txt');
  const { tokenizer, sourceTokenizer } = openTokenizers(files, files.name);
  return side === 'source' ? sourceTokenizer : tokenizer;
}

/** The tokenizers that the files describe. @param file names them in errors. */
export function openTokenizers({ json, config, problem, source }: TokenizerFiles, file: string): TokenizerPair {
  if (problem !== undefined) throw problem;
  const tokenizer = createTokenizer(json, config, file);
  return { tokenizer, sourceTokenizer: source ? createTokenizer(source.json, config, source.kind) : tokenizer };
}

/** Marian's files; undefined when they are not all there. */
async function readMarianFiles(
  source: ModelSource,
  config: JsonObject,
  json: (name: string) => Promise<JsonObject | undefined>,
): Promise<(TokenizerFiles & { readonly name: string }) | undefined> {
  const sourceFile = await source.file('source.spm');
  if (sourceFile === undefined) return undefined;
  const [targetFile, vocabulary] = await Promise.all([source.file('target.spm'), json('vocab.json')]);
  if (targetFile === undefined || vocabulary === undefined) return undefined;
  const tokenizers = marianTokenizers({
    sourcePieces: await readBytes(sourceFile),
    targetPieces: await readBytes(targetFile),
    vocabulary,
    targetVocabulary: await json('target_vocab.json'),
    config,
    specialTokens: (await json('special_tokens_map.json')) ?? {},
  });
  return {
    kind: 'target.spm',
    name: source.name,
    json: tokenizers.target,
    config,
    source: tokenizers.source && { kind: 'source.spm', json: tokenizers.source },
  };
}

/** One tokenizer.json says nothing about the vocabulary of the other side. With it for both, texts would be other texts. */
async function refuseTwoVocabularies(source: ModelSource, config: JsonObject): Promise<void> {
  const without = 'loadSequenceToSequenceModel loads a model without its tokenizer';
  const problem = `the source and the target have vocabularies of their own, which are read from vocab.json, target_vocab.json, source.spm and target.spm together; ${without}`;
  if (config.separate_vocabs === true) throw new LoadError('tokenizer_config.json', problem, 'separate_vocabs');
  if ((await source.file('target_vocab.json')) !== undefined)
    throw new LoadError(source.name, `target_vocab.json: ${problem}`);
  if ((await source.file('vocab-tgt.json')) !== undefined)
    throw new LoadError(source.name, `vocab-tgt.json is part of an FSMT tokenizer, which is not read; ${without}`);
}

/** A folder with other tokenizer files, or with half of a pair, is refused: without a tokenizer it would seem to have none. */
async function refuseOthers(source: ModelSource, hasVocabulary: boolean, hasMerges: boolean): Promise<void> {
  const pieces: string[] = [];
  const missing: string[] = hasVocabulary ? [] : ['vocab.json'];
  for (const name of ['source.spm', 'target.spm'])
    ((await source.file(name)) === undefined ? missing : pieces).push(name);
  if (pieces.length > 0)
    throw new LoadError(
      source.name,
      `there is ${pieces.join(' and ')}, but a Marian tokenizer also needs ${missing.join(' and ')}; or a tokenizer.json in their place`,
    );
  if (hasVocabulary || hasMerges)
    throw new LoadError(
      source.name,
      `there is no ${hasVocabulary ? 'merges.txt' : 'vocab.json'} and no tokenizer.json`,
    );
  for (const name of unsupported)
    if ((await source.file(name)) !== undefined)
      throw new LoadError(
        source.name,
        `${name} is not read; a tokenizer.json is needed, which the Python package transformers writes`,
      );
}

async function readBytes(file: ByteSource): Promise<Uint8Array> {
  if (file.size > largestJson)
    throw new LoadError(file.name, `has ${file.size} bytes; at most ${largestJson} are read`);
  return readRange(file, 0, file.size);
}

async function readText(file: ByteSource): Promise<string> {
  return decodeUtf8(file.name, await readBytes(file));
}
