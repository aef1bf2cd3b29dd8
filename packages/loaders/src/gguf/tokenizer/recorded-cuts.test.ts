import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { bytesSource } from '../../sources/byte-source.ts';
import { ggufBytes, uint32 } from '../../testing/gguf-bytes.ts';
import { createTokenizer } from '../../tokenizer/tokenizer.ts';
import { openGguf } from '../file/gguf-file.ts';
import { embeddedTokenizer } from './tokenizer.ts';

/** What llama.cpp makes of texts, with a vocabulary that joins whatever a cut leaves together. */
interface Recorded {
  readonly by: string;
  readonly tokens: readonly string[];
  readonly merges: readonly string[];
  readonly texts: readonly string[];
  /** Ids of each text by `tokenizer.ggml.pre`. */
  readonly cuts: Readonly<Record<string, readonly (readonly number[])[]>>;
}

const path = new URL('../../testing/recorded-llama-cuts.json', import.meta.url);
const { by, tokens, merges, texts, cuts } = JSON.parse(readFileSync(path, 'utf8')) as Recorded;

describe(by, () => {
  it.each(Object.entries(cuts))('%s', async (pre, expected) => {
    const metadata = {
      'tokenizer.ggml.model': 'gpt2',
      'tokenizer.ggml.pre': pre,
      'tokenizer.ggml.tokens': tokens,
      'tokenizer.ggml.merges': merges,
      'tokenizer.ggml.bos_token_id': uint32(0),
    };
    const file = await openGguf(bytesSource(ggufBytes({ metadata, tensors: [] }), 'x.gguf'));
    const { json } = embeddedTokenizer(file, 'llama')!;
    const tokenizer = createTokenizer(json);
    expect(texts.length).toBeGreaterThan(35);
    for (const [i, text] of texts.entries()) {
      const ids = tokenizer.encode(text, { addSpecialTokens: false });
      expect(ids, JSON.stringify(text)).toEqual(expected[i]);
      expect(tokenizer.decode(ids)).toBe(text);
    }
  });
});
