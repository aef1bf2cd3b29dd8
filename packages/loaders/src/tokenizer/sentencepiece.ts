import { LoadError } from '@tokenwright/core';

/** What a SentencePiece model file says: a `ModelProto` in protocol buffers, as far as tokenizers need it. */
export interface SentencePieceFile {
  /** In the order of their ids. */
  readonly pieces: readonly SentencePiece[];
  /** How words become pieces. */
  readonly algorithm: 'unigram' | 'bpe' | 'word' | 'char';
  /** Unknown characters become the pieces of their bytes. */
  readonly byteFallback: boolean;
  /** A space belongs to the word before it. */
  readonly spacesAsSuffix: boolean;
  /** The table of the normalizer: a trie and what its texts become. Empty when texts stay as they are. */
  readonly characterMap: Uint8Array;
  /** A text begins with a space. */
  readonly addDummyPrefix: boolean;
  /** No spaces around a text, and one between words. */
  readonly removeExtraWhitespaces: boolean;
  /** Spaces are spelled '▁'. */
  readonly escapeWhitespaces: boolean;
}

/** A token of a SentencePiece model. */
export interface SentencePiece {
  readonly text: string;
  /** Log-probability. */
  readonly score: number;
  readonly kind: 'normal' | 'unknown' | 'control' | 'userDefined' | 'unused' | 'byte';
}

const algorithms = ['unigram', 'bpe', 'word', 'char'] as const;
const kinds = ['normal', 'unknown', 'control', 'userDefined', 'unused', 'byte'] as const;
/** Wire types of protocol buffers. */
const wire = { number: 0, eightBytes: 1, bytes: 2, fourBytes: 5 } as const;

/**
 * Read a SentencePiece model, such as source.spm. The numbers of the fields are those of `sentencepiece_model.proto`; other fields are
 * skipped.
 *
 * @param file names the file in errors.
 * @throws LoadError when the bytes are not such a model.
 */
export function readSentencePiece(bytes: Uint8Array, file: string): SentencePieceFile {
  const pieces: SentencePiece[] = [];
  let trainer: ReadonlyMap<number, Field> = new Map();
  let normalizer: ReadonlyMap<number, Field> = new Map();
  for (const { number, value } of fieldsOf(bytes, file)) {
    if (number === 1) pieces.push(pieceOf(bytesIn(value, file), file));
    else if (number === 2) trainer = byNumber(bytesIn(value, file), file);
    else if (number === 3) normalizer = byNumber(bytesIn(value, file), file);
  }
  if (pieces.length === 0) throw new LoadError(file, 'is not a SentencePiece model: it has no pieces');
  const algorithm = algorithms[Number(trainer.get(3)?.value ?? 1) - 1];
  if (algorithm === undefined) throw damaged(file, `the kind of model ${String(trainer.get(3)?.value)}`);
  const flag = (message: ReadonlyMap<number, Field>, number: number, fallback: boolean): boolean =>
    message.has(number) ? message.get(number)!.value !== 0 : fallback;
  return {
    pieces,
    algorithm,
    byteFallback: flag(trainer, 35, false),
    spacesAsSuffix: flag(trainer, 24, false),
    characterMap: normalizer.has(2) ? bytesIn(normalizer.get(2)!.value, file) : new Uint8Array(),
    addDummyPrefix: flag(normalizer, 3, true),
    removeExtraWhitespaces: flag(normalizer, 4, true),
    escapeWhitespaces: flag(normalizer, 5, true),
  };
}

/** A field of a message: a varint as a number, anything else as its bytes. */
interface Field {
  readonly number: number;
  readonly value: number | Uint8Array;
}

function pieceOf(message: Uint8Array, file: string): SentencePiece {
  const fields = byNumber(message, file);
  const text = fields.get(1)?.value;
  const score = fields.get(2)?.value;
  const kind = kinds[Number(fields.get(3)?.value ?? 1) - 1];
  if (!(text instanceof Uint8Array) || kind === undefined) throw damaged(file, 'a piece without a text or a kind');
  if (score !== undefined && !(score instanceof Uint8Array && score.length === 4)) throw damaged(file, 'a score');
  const value = score === undefined ? 0 : new DataView(score.buffer, score.byteOffset, 4).getFloat32(0, true);
  if (!Number.isFinite(value)) throw damaged(file, `the score ${value}`);
  try {
    return { text: new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(text), score: value, kind };
  } catch (cause) {
    throw new LoadError(file, 'has a piece that is not valid UTF-8', undefined, { cause });
  }
}

/** The fields of a message by number; of a repeated one the last. */
function byNumber(message: Uint8Array, file: string): ReadonlyMap<number, Field> {
  return new Map(Array.from(fieldsOf(message, file), (field) => [field.number, field]));
}

function* fieldsOf(message: Uint8Array, file: string): Generator<Field> {
  let at = 0;
  const varint = (): number => {
    let value = 0;
    for (let scale = 1; ; scale *= 128) {
      const byte = message[at++];
      if (byte === undefined || scale > 2 ** 63) throw damaged(file, 'a number that does not end');
      value += (byte & 127) * scale;
      if (byte < 128) return value;
    }
  };
  const take = (length: number): Uint8Array => {
    if (length > message.length - at) throw damaged(file, `a field of ${length} bytes beyond its end`);
    at += length;
    return message.subarray(at - length, at);
  };
  while (at < message.length) {
    const key = varint();
    const number = Math.floor(key / 8);
    const type = key % 8;
    if (number === 0) throw damaged(file, 'a field with the number 0');
    if (type === wire.number) yield { number, value: varint() };
    else if (type === wire.bytes) yield { number, value: take(varint()) };
    else if (type === wire.fourBytes) yield { number, value: take(4) };
    else if (type === wire.eightBytes) yield { number, value: take(8) };
    else throw damaged(file, `a field of the wire type ${type}`);
  }
}

function bytesIn(value: number | Uint8Array, file: string): Uint8Array {
  if (typeof value === 'number') throw damaged(file, 'a number in place of a message');
  return value;
}

function damaged(file: string, found: string): LoadError {
  return new LoadError(file, `is not a SentencePiece model, or damaged: it has ${found}`);
}
