import { CacheError, DisposedError, type KVCache, ShapeError } from '@tokenwright/core';

/**
 * The cache of a combined model: one cache per source. The expert's defines the rows. In each forward pass, the others are brought to
 * the tokens that their source sees, so they follow every rewind.
 */
export class CompositeCache implements KVCache {
  readonly owner: object;
  readonly #expert: KVCache;
  readonly #others: readonly KVCache[];
  /** The row, at creation, that each row was gathered from: its prompt in the batch. */
  #origins: readonly number[];
  #promptLengths: readonly number[];
  #disposed = false;

  constructor(
    owner: object,
    expert: KVCache,
    others: readonly KVCache[],
    origins: readonly number[] = Array.from({ length: expert.rows }, (_, row) => row),
    promptLengths: readonly number[] = new Array<number>(expert.rows).fill(0),
  ) {
    this.owner = owner;
    this.#expert = expert;
    this.#others = others;
    this.#origins = origins;
    this.#promptLengths = promptLengths;
  }

  get expert(): KVCache {
    if (this.#disposed) throw new DisposedError('The cache');
    return this.#expert;
  }

  get others(): readonly KVCache[] {
    return this.#others;
  }

  get origins(): readonly number[] {
    return this.#origins;
  }

  get promptLengths(): readonly number[] {
    return this.#promptLengths;
  }

  get rows(): number {
    return this.#expert.rows;
  }

  get lengths(): readonly number[] {
    return this.#expert.lengths;
  }

  get bytes(): number {
    return this.#all.reduce((sum, { bytes }) => sum + bytes, 0);
  }

  tokens(row: number): Int32Array {
    return this.#expert.tokens(row);
  }

  notePrompts(lengths: readonly (number | undefined)[]): void {
    if (lengths.length !== this.rows) throw new ShapeError('Lengths of prompts', [this.rows], [lengths.length]);
    this.#promptLengths = lengths.map((length, row) => length ?? this.#promptLengths[row]!);
    for (const cache of this.#all) cache.notePrompts?.(lengths);
  }

  gather(rows: readonly number[]): void {
    for (const cache of this.#all) cache.gather(rows);
    this.#origins = rows.map((row) => this.#origins[row]!);
    this.#promptLengths = rows.map((row) => this.#promptLengths[row]!);
  }

  truncate(lengths: readonly number[]): void {
    this.expert.truncate(lengths);
  }

  fork(): CompositeCache {
    const [expert, ...others] = this.#all.map((cache) => cache.fork());
    return new CompositeCache(this.owner, expert!, others, this.#origins, this.#promptLengths);
  }

  /** Little-endian: the number of caches n, then n + 1 lengths in bytes, then origins and prompt lengths as JSON, then the caches. */
  async serialize(): Promise<Uint8Array> {
    const notes = new TextEncoder().encode(
      JSON.stringify({ format: noteFormat, origins: this.#origins, promptLengths: this.#promptLengths }),
    );
    const parts = [notes, ...(await Promise.all(this.#all.map((cache) => cache.serialize())))];
    const header = new DataView(new ArrayBuffer(4 * (1 + parts.length)));
    header.setUint32(0, parts.length - 1, true);
    for (const [i, { length }] of parts.entries()) header.setUint32(4 * (i + 1), length, true);
    const bytes = new Uint8Array(header.byteLength + parts.reduce((sum, { length }) => sum + length, 0));
    bytes.set(new Uint8Array(header.buffer));
    let at = header.byteLength;
    for (const part of parts) {
      bytes.set(part, at);
      at += part.length;
    }
    return bytes;
  }

  dispose(): void {
    if (this.#disposed) return;
    this.#disposed = true;
    this.#expert.dispose();
    for (const cache of this.#others) cache.dispose();
  }

  [Symbol.dispose](): void {
    this.dispose();
  }

  get #all(): readonly KVCache[] {
    return [this.expert, ...this.#others];
  }
}

const noteFormat = 'tokenwright combined cache 1';

/** The parts that `CompositeCache.serialize` wrote. */
export function readParts(
  bytes: Uint8Array,
  caches: number,
): {
  readonly origins: readonly number[];
  readonly promptLengths: readonly number[];
  readonly caches: readonly Uint8Array[];
} {
  const fail = (problem: string): never => {
    throw new CacheError(`These bytes are not a serialized cache of this combined model: ${problem}.`);
  };
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const headerLength = 4 * (caches + 2);
  if (bytes.length < headerLength) fail('they are truncated');
  if (view.getUint32(0, true) !== caches) fail(`they hold ${view.getUint32(0, true)} caches instead of ${caches}`);
  let at = headerLength;
  const [notes, ...parts] = Array.from({ length: caches + 1 }, (_, i) => {
    const length = view.getUint32(4 * (i + 1), true);
    if (at + length > bytes.length) fail('they are truncated');
    at += length;
    return bytes.subarray(at - length, at);
  });
  const { format, origins, promptLengths } = parsed(notes!);
  if (format !== noteFormat) fail('the header is not valid');
  return { origins: origins!, promptLengths: promptLengths!, caches: parts };
}

function parsed(notes: Uint8Array): { format?: string; origins?: number[]; promptLengths?: number[] } {
  try {
    return JSON.parse(new TextDecoder().decode(notes)) as object;
  } catch {
    return {};
  }
}
