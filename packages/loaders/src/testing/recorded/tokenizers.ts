import { readFileSync } from 'node:fs';
import { gunzipSync } from 'node:zlib';
import { LoadError } from '@tokenwright/core';
import { describe, expect, it } from 'vitest';
import type { JsonObject } from '../../sources/json.ts';
import { normalizerOf } from '../../tokenizer/parts/normalizers.ts';
import { preTokenizerOf } from '../../tokenizer/parts/pre-tokenizers.ts';
import { createTokenizer } from '../../tokenizer/tokenizer.ts';

/** Results of Rust's `tokenizers`, by scripts/record-tokenizers.py. Pieces are numbered, and so are normalized and decoded texts. */
export interface RecordedTokenizers {
  readonly by: string;
  readonly texts: readonly string[];
  readonly pieces: readonly string[];
  readonly normalizers: readonly { readonly part: JsonObject; readonly texts: readonly number[] }[];
  readonly preTokenizers: readonly { readonly part: JsonObject; readonly pieces: readonly (readonly number[])[] }[];
  /** Ids and the decoded text by text; null where the library fails, and for a text that it fails to decode. */
  readonly tokenizers: readonly {
    readonly parts: JsonObject;
    readonly rows: readonly (readonly [readonly number[], number | null] | null)[];
  }[];
}

/** @param path of a file that the script wrote. */
export function readRecordedTokenizers(path: URL | string): RecordedTokenizers {
  return JSON.parse(gunzipSync(readFileSync(path)).toString()) as RecordedTokenizers;
}

const named = <T extends { readonly part: JsonObject }>(cases: readonly T[]): (T & { name: string })[] =>
  cases.map((one) => ({ ...one, name: JSON.stringify(one.part).slice(0, 160) }));

/** Every part and every tokenizer gives the recorded results. */
export function recordedTokenizerTests({
  by,
  texts,
  pieces,
  normalizers,
  preTokenizers,
  tokenizers,
}: RecordedTokenizers): void {
  describe(`as ${by}`, () => {
    it.each(named(normalizers))('normalizes: $name', ({ part, texts: expected }) => {
      const normalizer = normalizerOf(part);
      expect(texts.map((text) => normalizer(text))).toEqual(expected.map((number) => pieces[number]));
    });

    it.each(named(preTokenizers))('cuts: $name', ({ part, pieces: expected }) => {
      const preTokenizer = preTokenizerOf(part);
      const cut = (text: string): string[] =>
        text === ''
          ? []
          : preTokenizer({ text, first: true })
              .map((piece) => piece.text)
              .filter((piece) => piece !== '');
      expect(texts.map(cut)).toEqual(expected.map((row) => row.map((number) => pieces[number])));
    });

    it.each(tokenizers.map((one, i) => ({ ...one, i })))('encodes and decodes: $i', ({ parts, rows }) => {
      const tokenizer = createTokenizer(parts);
      for (const [i, text] of texts.entries()) {
        const row = rows[i];
        if (row === null || row === undefined) {
          expect(() => tokenizer.encode(text)).toThrow(LoadError);
          continue;
        }
        const [ids, decoded] = row;
        expect(tokenizer.encode(text), JSON.stringify({ text, parts })).toEqual(ids);
        if (decoded !== null) expect(tokenizer.decode(ids), JSON.stringify({ ids, parts })).toBe(pieces[decoded]);
      }
    });
  });
}
