import { readFileSync } from 'node:fs';
import { gunzipSync } from 'node:zlib';
import type { JsonObject } from '../../sources/json.ts';
import { files, type ModelSource } from '../../sources/model-source.ts';

/** What transformers makes of a small Marian model, by scripts/record-marian.py. */
export interface RecordedMarian {
  readonly name: string;
  /** JSON as it is, and other files in base64. */
  readonly files: Readonly<Record<string, JsonObject | string>>;
  /** A text, its ids as a source, its ids as an output, and the text of these. */
  readonly texts: readonly (readonly [
    text: string,
    source: readonly number[],
    target: readonly number[],
    decoded: string,
  ])[];
  readonly runs: readonly {
    readonly source: string;
    /** With the start token in front. */
    readonly greedy: readonly number[];
    readonly greedyText: string;
    readonly beams: readonly number[];
    readonly beamsText: string;
    /** Of the first and the last step of the greedy text. */
    readonly firstLogits: readonly number[];
    readonly lastLogits: readonly number[];
    /** Of the tokens of `forced`, with the end token. */
    readonly logprobs: readonly number[];
  }[];
}

const path = new URL('marian.json.gz', import.meta.url);

/** The recorded models: one with two vocabularies, and one with a shared vocabulary and two SentencePiece models. */
export const recordedMarian = JSON.parse(gunzipSync(readFileSync(path)).toString()) as {
  readonly by: string;
  /** The text that is scored as an output. */
  readonly forced: string;
  readonly models: readonly [RecordedMarian, RecordedMarian];
};

/** The folder of a recorded model. @param changes further files, or undefined for one that is missing. */
export function marianFolder(
  { files: recorded }: RecordedMarian,
  changes: Readonly<Record<string, JsonObject | Uint8Array | undefined>> = {},
): ModelSource {
  const contents: Record<string, Uint8Array> = {};
  for (const [name, content] of Object.entries({ ...recorded, ...changes }))
    if (content !== undefined) contents[name] = bytesOf(content);
  return files(contents);
}

/** The bytes of a recorded file. */
export function bytesOf(content: JsonObject | string | Uint8Array): Uint8Array {
  if (content instanceof Uint8Array) return content;
  return typeof content === 'string'
    ? new Uint8Array(Buffer.from(content, 'base64'))
    : new TextEncoder().encode(JSON.stringify(content));
}
