import { readFileSync } from 'node:fs';
import { gunzipSync } from 'node:zlib';
import { describe, expect, it } from 'vitest';
import { bytesSource } from '../../sources/byte-source.ts';
import { ggufBytes, int32, list, uint32 } from '../../testing/gguf-bytes.ts';
import { preTokenizerOf as preTokenizerOfPart } from '../../tokenizer/parts/pre-tokenizers.ts';
import { createTokenizer } from '../../tokenizer/tokenizer.ts';
import { openGguf } from '../file/gguf-file.ts';
import { type PreTokenizer, preTokenizerOf } from './pre-tokenizers.ts';
import { embeddedTokenizer } from './tokenizer.ts';

interface Pieces {
  readonly tokens: readonly string[];
  readonly merges: readonly string[];
}

/** What llama.cpp makes of texts, by `tokenizer.ggml.pre`. */
interface Recorded {
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

const path = new URL('../../testing/recorded-llama-cuts.json.gz', import.meta.url);
const recorded = JSON.parse(gunzipSync(readFileSync(path)).toString()) as Recorded;
const { by, bytes, characters, raw, texts, words, ids, same, begins } = recorded;
const names = Object.keys(ids).flatMap((name) => [[name, name], ...(same[name] ?? []).map((other) => [other, name])]);

async function tokenizerOf(pre: string, isRaw: boolean) {
  const { tokens, merges } = isRaw ? characters : bytes;
  const isByte = (token: string): boolean => isRaw && /^<0x..>$/.test(token);
  const metadata = {
    'tokenizer.ggml.model': 'gpt2',
    'tokenizer.ggml.pre': pre,
    'tokenizer.ggml.tokens': tokens,
    'tokenizer.ggml.token_type': list(tokens.map((token, id) => int32(id === 0 ? 3 : isByte(token) ? 6 : 1))),
    'tokenizer.ggml.merges': merges,
    'tokenizer.ggml.bos_token_id': uint32(0),
  };
  const file = await openGguf(bytesSource(ggufBytes({ metadata, tensors: [] }), 'x.gguf'));
  const { json, problem } = embeddedTokenizer(file, 'llama')!;
  expect(problem).toBeUndefined();
  return createTokenizer(json);
}

describe(by, () => {
  it('has every name', () => {
    expect(texts.length).toBeGreaterThan(50);
    expect(names.length).toBeGreaterThan(85);
  });

  it.each(names)('%s', async (pre, like) => {
    const tokenizer = await tokenizerOf(pre!, raw.includes(like!));
    const { steps } = preTokenizerOf('x.gguf', pre, 'llama') as PreTokenizer;
    const cut = preTokenizerOfPart({ type: 'Sequence', pretokenizers: steps });
    for (const [i, text] of texts.entries()) {
      const given = raw.includes(like!) ? text.replaceAll(' ', '▁') : text;
      const lengths = cut({ text: given, first: true }).map((piece) => Array.from(piece.text).length);
      expect(lengths, JSON.stringify(text)).toEqual(words[like!]![i]);
      const found = tokenizer.encode(text, { addSpecialTokens: false });
      expect(found, JSON.stringify(text)).toEqual(ids[like!]![i]);
      // A mark of a space comes back as a space.
      expect(tokenizer.decode(found)).toBe(raw.includes(like!) ? text.replaceAll('▁', ' ') : text);
    }
    expect(tokenizer.encode('a')[0] === 0).toBe(begins.includes(like!));
  });
});
