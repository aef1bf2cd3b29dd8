import { LoadError } from '@tokenwright/core';
import { readRange } from './byte-source.ts';
import { decodeUtf8, type JsonObject, largestJson, readJson } from './json.ts';
import type { ModelSource } from './model-source.ts';
import { createTokenizer, type LoadedTokenizer } from './tokenizer.ts';
import { tokenizerFromVocabulary } from './vocabulary-files.ts';

/** Tokenizers of other kinds, and what makes them readable. */
const unsupported = ['tokenizer.model', 'spiece.model', 'sentencepiece.bpe.model', 'source.spm', 'vocab.txt'];

/**
 * The tokenizer of a model: tokenizer.json, else vocab.json with merges.txt.
 *
 * @returns undefined when the source holds no tokenizer files at all.
 * @throws LoadError when there is a tokenizer, but damaged or of a kind that is not read.
 */
export async function openTokenizer(source: ModelSource): Promise<LoadedTokenizer | undefined> {
  const json = async (name: string): Promise<JsonObject | undefined> => {
    const file = await source.file(name);
    return file === undefined ? undefined : readJson(file);
  };
  const config = (await json('tokenizer_config.json')) ?? {};
  const file = await source.file('tokenizer.json');
  if (file !== undefined) return createTokenizer(await readJson(file), config, file.name);

  const [vocabulary, merges] = await Promise.all([json('vocab.json'), source.file('merges.txt')]);
  if (vocabulary !== undefined && merges !== undefined) {
    if (merges.size > largestJson)
      throw new LoadError(merges.name, `has ${merges.size} bytes; at most ${largestJson} are read`);
    const equivalent = tokenizerFromVocabulary({
      vocabulary,
      merges: decodeUtf8(merges.name, await readRange(merges, 0, merges.size)),
      config,
      specialTokens: (await json('special_tokens_map.json')) ?? {},
      addedTokens: (await json('added_tokens.json')) ?? {},
      name: source.name,
    });
    return createTokenizer(equivalent, config, source.name);
  }
  if (vocabulary !== undefined || merges !== undefined)
    throw new LoadError(
      source.name,
      `there is no ${vocabulary === undefined ? 'vocab.json' : 'merges.txt'} and no tokenizer.json`,
    );

  for (const name of unsupported)
    if ((await source.file(name)) !== undefined)
      throw new LoadError(
        source.name,
        `${name} is not read; a tokenizer.json is needed, which the Python package transformers writes`,
      );
  return undefined;
}

/**
 * The tokenizer of a model, which must have one: for encoding and decoding without the weights.
 *
 * @throws LoadError when the source holds no tokenizer files, or damaged ones, or ones of a kind that is not read.
 */
export async function loadTokenizer(source: ModelSource): Promise<LoadedTokenizer> {
  const tokenizer = await openTokenizer(source);
  if (tokenizer === undefined)
    throw new LoadError(source.name, 'there is no tokenizer: neither tokenizer.json nor vocab.json with merges.txt');
  return tokenizer;
}
