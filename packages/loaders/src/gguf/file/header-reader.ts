import { LoadError } from '@tokenwright/core';
import { type ByteSource, readRange } from '../../sources/byte-source.ts';

const firstChunk = 64 * 1024;
const largestChunk = 4 * 1024 * 1024;
/** No real text or list of a header is larger; keeps a damaged length of a huge file from filling the memory. */
const largestValue = 256 * 1024 * 1024;

/**
 * Reads a file from front to back in little-endian pieces, by ranges. Every length is compared with what is left of the file before
 * anything of that length is allocated.
 *
 * `await need(count, field)` first, then the synchronous readers: an await for each of a million numbers would be slow.
 */
export class HeaderReader {
  readonly #source: ByteSource;
  #view: DataView = new DataView(new ArrayBuffer(0));
  /** Where in the file the view begins. */
  #start: number = 0;
  #chunk: number = firstChunk;
  /** Byte of the file that is read next. */
  position: number = 0;

  constructor(source: ByteSource) {
    this.#source = source;
  }

  /** Bytes that follow in the file. */
  get left(): number {
    return this.#source.size - this.position;
  }

  /** True when `count` bytes can be read without waiting. */
  has(count: number): boolean {
    return this.position + count <= this.#start + this.#view.byteLength;
  }

  /** @throws LoadError at `field` when the file ends before. */
  async need(count: number, field: string): Promise<void> {
    if (this.has(count)) return;
    if (count > this.left) this.fail(field, `${count} bytes should follow, but the file ends after ${this.left}`);
    if (count > largestValue) this.fail(field, `has ${count} bytes; at most ${largestValue} are read`);
    const bytes = await readRange(
      this.#source,
      this.position,
      this.position + Math.min(this.left, Math.max(count, this.#chunk)),
    );
    this.#view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    this.#start = this.position;
    this.#chunk = Math.min(2 * this.#chunk, largestChunk);
  }

  uint8(): number {
    return this.#view.getUint8(this.#take(1));
  }

  uint32(): number {
    return this.#view.getUint32(this.#take(4), true);
  }

  uint64(): bigint {
    return this.#view.getBigUint64(this.#take(8), true);
  }

  /** A copy, which begins at a place that any typed array accepts. */
  bytes(count: number): Uint8Array<ArrayBuffer> {
    const from = this.#view.byteOffset + this.#take(count);
    return new Uint8Array(this.#view.buffer.slice(from, from + count) as ArrayBuffer);
  }

  /** A length or count that cannot be right when less than `each` bytes for each follow. */
  size(field: string, each: number): number {
    const size = this.uint64();
    if (size * BigInt(each) > BigInt(this.left))
      this.fail(field, `${size} of at least ${each} bytes should follow, but the file ends after ${this.left}`);
    return Number(size);
  }

  /** A text: its length, then UTF-8. */
  async text(field: string, longest: number = largestValue): Promise<string> {
    if (!this.has(8)) await this.need(8, field);
    const length = this.size(field, 1);
    if (length > longest) this.fail(field, `has ${length} bytes; at most ${longest} are read`);
    if (!this.has(length)) await this.need(length, field);
    const bytes = new Uint8Array(this.#view.buffer, this.#view.byteOffset + this.#take(length), length);
    try {
      return utf8.decode(bytes);
    } catch (cause) {
      throw new LoadError(this.#source.name, 'the text is not valid UTF-8', field, { cause });
    }
  }

  fail(field: string, problem: string): never {
    throw new LoadError(this.#source.name, problem, field);
  }

  #take(count: number): number {
    const at = this.position - this.#start;
    this.position += count;
    return at;
  }
}

const utf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });
