import { LoadError } from '@tokenwright/core';
import { type ByteSource, readRange } from '../sources/byte-source.ts';
import { checkModelSource } from '../sources/check-sources.ts';
import { decodeUtf8, type JsonObject, largestJson, readJson } from '../sources/json.ts';
import type { ModelSource } from '../sources/model-source.ts';
import { createTokenizer, type LoadedTokenizer } from './tokenizer.ts';
import { tokenizerFromVocabulary } from './vocabulary-files.ts';

/** Tokenizers of other kinds, and what makes them readable. */
const unsupported = ['tokenizer.model', 'spiece.model', 'sentencepiece.bpe.model', 'source.spm', 'vocab.txt'];

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
}

/**
 * The tokenizer of a model: tokenizer.json, or vocab.json with merges.txt.
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
  await refuseTwoVocabularies(source, config);
  const file = await source.file('tokenizer.json');
  if (file !== undefined) return { kind: 'tokenizer.json', name: file.name, json: await readJson(file), config };

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

/**
 * The tokenizer of a model, which must have one: for encoding and decoding without the weights.
 *
 * @throws LoadError when the source holds no tokenizer files, or damaged ones, or ones of a kind that is not read.
 */
export async function loadTokenizer(source: ModelSource): Promise<LoadedTokenizer> {
  checkModelSource('loadTokenizer', source);
  const files = await readTokenizerFiles(source);
  if (files === undefined)
    throw new LoadError(source.name, 'there is no tokenizer: neither tokenizer.json nor vocab.json with merges.txt');
  return createTokenizer(files.json, files.config, files.name);
}

/** Files that hold the vocabulary of the target alone. */
const targetVocabularies = ['target_vocab.json', 'vocab-tgt.json'];

/** Source and target of an encoder-decoder model share a tokenizer here. With one for both, texts would be other texts. */
async function refuseTwoVocabularies(source: ModelSource, config: JsonObject): Promise<void> {
  const problem =
    'the source and the target have vocabularies of their own; only models with one for both are read. loadSequenceToSequenceModel loads a model without its tokenizer';
  if (config.separate_vocabs === true) throw new LoadError('tokenizer_config.json', problem, 'separate_vocabs');
  for (const name of targetVocabularies)
    if ((await source.file(name)) !== undefined) throw new LoadError(source.name, `${name}: ${problem}`);
}

/** A folder with other tokenizer files, or with half of a pair, is refused: without a tokenizer it would seem to have none. */
async function refuseOthers(source: ModelSource, hasVocabulary: boolean, hasMerges: boolean): Promise<void> {
  const pieces = [];
  for (const name of ['source.spm', 'target.spm']) if ((await source.file(name)) !== undefined) pieces.push(name);
  if (pieces.length > 0)
    throw new LoadError(
      source.name,
      `${pieces.join(' and ')} hold a Marian tokenizer in SentencePiece's own format, which is not read. Convert it to a tokenizer.json: ` +
        "in Python, transformers.convert_slow_tokenizer.convert_slow_tokenizer(MarianTokenizer.from_pretrained(folder)).save('tokenizer.json'), " +
        'or take the tokenizer.json of a converted copy such as Xenova/opus-mt-de-en on the hub',
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

async function readText(file: ByteSource): Promise<string> {
  if (file.size > largestJson)
    throw new LoadError(file.name, `has ${file.size} bytes; at most ${largestJson} are read`);
  return decodeUtf8(file.name, await readRange(file, 0, file.size));
}
