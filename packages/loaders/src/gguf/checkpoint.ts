import { LoadError } from '@tokenwright/core';
import type { ByteSource } from '../sources/byte-source.ts';
import { knownEndTokens } from '../sources/end-tokens.ts';
import type { JsonObject } from '../sources/json.ts';
import type { StoredWeights } from '../weights/stored-weights.ts';
import { familyOf } from './families/index.ts';
import { type GgufFile, openGguf } from './file/gguf-file.ts';
import { GgufKeys, readText } from './file/keys.ts';
import { joinParts, type Sibling } from './file/parts.ts';
import { type EmbeddedTokenizer, embeddedTokenizer } from './tokenizer/tokenizer.ts';
import { isTexts, tokenId } from './tokenizer/vocabulary.ts';
import { ggufWeights } from './weights.ts';

/** A GGUF file as the Hugging Face folder that says the same. */
export interface GgufCheckpoint {
  readonly file: GgufFile;
  /** `general.name`, where the file has one. */
  readonly name: string | undefined;
  readonly config: JsonObject;
  readonly generationConfig: JsonObject;
  readonly tokenizer: EmbeddedTokenizer | undefined;
  /** Tensors of a part of the model that is not read. */
  readonly leftOut: readonly string[];
  weights(): StoredWeights;
}

/** Where a GGUF file is, for a model in several files. */
export interface GgufPlace {
  /** The name of the file within its folder. */
  readonly name: string;
  readonly sibling: Sibling;
}

/**
 * Open a GGUF file and read everything but its tensors (of these only those of rotary factors, a few numbers).
 *
 * @throws LoadError for a damaged file, an unknown architecture (it lists the known ones), an option or a tensor that the family
 * does not have, a type of tensor that is not read, and a tokenizer of another kind.
 */
export async function openGgufCheckpoint(
  source: ByteSource,
  withText = true,
  place?: GgufPlace,
): Promise<GgufCheckpoint> {
  const file = await joinParts(await openGguf(source), place?.name ?? source.name, place?.sibling);
  const keys = new GgufKeys(file);
  const family = familyOf(file.name, keys.architecture);
  if (file.tensors.size === 0) throw new LoadError(file.name, 'the file holds a vocabulary and no weights');
  const config = await family.config(keys, async (name) =>
    file.tensors.has(name) ? Array.from(await file.read(name)) : undefined,
  );
  keys.checkAllAsked();
  const tokenizer = withText ? embeddedTokenizer(file, keys.architecture) : undefined;
  return {
    file,
    name: readText(file, 'general.name'),
    config: { ...config, ...named(startAndEnd(file)) },
    generationConfig: generationConfigOf(file, config),
    tokenizer,
    leftOut: [...file.tensors.keys()].filter((name) => family.leftOut?.test(name)),
    weights: () => ggufWeights(file, family, config),
  };
}

function startAndEnd(file: GgufFile): JsonObject {
  const size = vocabSizeOf(file);
  return {
    bos_token_id: tokenId(file, 'tokenizer.ggml.bos_token_id', size),
    eos_token_id: tokenId(file, 'tokenizer.ggml.eos_token_id', size),
    pad_token_id: tokenId(file, 'tokenizer.ggml.padding_token_id', size),
  };
}

/**
 * What generation_config.json of the model would say: its end tokens (of a text, of a turn, of a message, and every token
 * that is known to end one), and the sampling that its makers advise.
 */
function generationConfigOf(file: GgufFile, config: JsonObject): JsonObject {
  const size = vocabSizeOf(file);
  const ends = new Set<number>();
  for (const kind of ['eos', 'eot', 'eom']) {
    const id = tokenId(file, `tokenizer.ggml.${kind}_token_id`, size);
    if (id !== undefined) ends.add(id);
  }
  const tokens = file.metadata.get('tokenizer.ggml.tokens');
  if (isTexts(tokens)) for (const { id } of knownEndTokens((token) => indexOf(tokens, token))) ends.add(id);
  const advised = {
    temperature: 'temp',
    top_k: 'top_k',
    top_p: 'top_p',
    min_p: 'min_p',
    repetition_penalty: 'penalty_repeat',
  };
  return named({
    ...startAndEnd(file),
    eos_token_id: ends.size === 0 ? undefined : [...ends],
    decoder_start_token_id: config.decoder_start_token_id,
    ...Object.fromEntries(Object.entries(advised).map(([key, name]) => [key, advisedValue(file, name)])),
  });
}

function advisedValue(file: GgufFile, name: string): number | undefined {
  const value = file.metadata.get(`general.sampling.${name}`);
  // Stored as float32; what was 0.6 is to be 0.6 again.
  return typeof value === 'number' ? Number(value.toPrecision(7)) : undefined;
}

function vocabSizeOf(file: GgufFile): number {
  const tokens = file.metadata.get('tokenizer.ggml.tokens');
  return Array.isArray(tokens) ? tokens.length : Infinity;
}

function indexOf(tokens: readonly string[], token: string): number | undefined {
  const id = tokens.indexOf(token);
  return id < 0 ? undefined : id;
}

/** Only what has a value. */
function named(entries: JsonObject): JsonObject {
  return Object.fromEntries(Object.entries(entries).filter(([, value]) => value !== undefined));
}
