import { readFileSync } from 'node:fs';
import { gunzipSync } from 'node:zlib';
import type { Tokenizer } from '@tokenwright/core';
import { openGguf } from '../../gguf/file/gguf-file.ts';
import { embeddedTokenizer } from '../../gguf/tokenizer/tokenizer.ts';
import { bytesSource } from '../../sources/byte-source.ts';
import { createTokenizer } from '../../tokenizer/tokenizer.ts';
import { float32Value, ggufBytes, int32, list, uint32 } from '../gguf-bytes.ts';

interface Pieces {
  readonly tokens: readonly string[];
  readonly merges: readonly string[];
}

/** What llama.cpp makes of texts, by `tokenizer.ggml.pre`. */
export interface RecordedCuts {
  readonly by: string;
  /** The vocabulary of all cuts but those in `raw`, and theirs. The first token is the begin token. */
  readonly bytes: Pieces;
  readonly characters: Pieces;
  readonly raw: readonly string[];
  readonly texts: readonly string[];
  /** How many code points each word of a text has, before it is merged. */
  readonly words: Readonly<Record<string, readonly (readonly number[])[]>>;
  readonly ids: Readonly<Record<string, readonly (readonly number[])[]>>;
  /** Names that gave the same words and ids as another one. */
  readonly same: Readonly<Record<string, readonly string[]>>;
  /** Names with which a text begins with the begin token, though no key says so. */
  readonly begins: readonly string[];
}

export function readRecordedCuts(): RecordedCuts {
  const path = new URL('../recorded-llama-cuts.json.gz', import.meta.url);
  return JSON.parse(gunzipSync(readFileSync(path)).toString()) as RecordedCuts;
}

/** A GGUF file with a vocabulary of the recording and no weights. llama.cpp opens it too. */
export function cutFile({ bytes, characters }: RecordedCuts, pre: string, isRaw: boolean): Uint8Array {
  const { tokens, merges } = isRaw ? characters : bytes;
  const isByte = (token: string): boolean => isRaw && /^<0x..>$/.test(token);
  const metadata = {
    'general.architecture': 'llama',
    'llama.context_length': uint32(64),
    'llama.embedding_length': uint32(8),
    'llama.block_count': uint32(1),
    'llama.feed_forward_length': uint32(8),
    'llama.attention.head_count': uint32(1),
    'llama.attention.layer_norm_rms_epsilon': float32Value(1e-5),
    'tokenizer.ggml.model': 'gpt2',
    'tokenizer.ggml.pre': pre,
    'tokenizer.ggml.tokens': tokens,
    'tokenizer.ggml.token_type': list(tokens.map((token, id) => int32(id === 0 ? 3 : isByte(token) ? 6 : 1))),
    'tokenizer.ggml.merges': merges,
    'tokenizer.ggml.bos_token_id': uint32(0),
    'tokenizer.ggml.eos_token_id': uint32(0),
  };
  return ggufBytes({ metadata, tensors: [] });
}

/** The tokenizer of such a file. */
export async function cutTokenizer(recorded: RecordedCuts, pre: string, isRaw: boolean): Promise<Tokenizer> {
  const file = await openGguf(bytesSource(cutFile(recorded, pre, isRaw), 'x.gguf'));
  const { json, problem } = embeddedTokenizer(file, 'llama')!;
  if (problem !== undefined) throw problem;
  return createTokenizer(json);
}
