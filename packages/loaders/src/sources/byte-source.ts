// biome-ignore-all lint/suspicious/noTsIgnore: the directive is for the declarations, which must compile without the types of Node.
import { LoadError, ParameterError } from '@tokenwright/core';
import {
  checkFunction,
  checkSignal,
  checkString,
  isInstance,
  readable,
  readOptions,
  readRecord,
} from '@tokenwright/core/options';
import { checkNoWebPage } from './web-page.ts';

/** A file of known size that is read by ranges: on disk, in memory, behind a URL. */
export interface ByteSource {
  /** Names the file in errors. */
  readonly name: string;
  /** Bytes. */
  readonly size: number;
  /**
   * The bytes `from` (inclusive) to `to` (exclusive). The array belongs to the caller.
   *
   * @throws LoadError when the bytes cannot be had.
   */
  read(from: number, to: number): Promise<Uint8Array>;
}

function checkName(owner: string, name: unknown): void {
  if (name !== undefined) checkString(owner, 'name', name);
}

/** Shared memory is as good as memory of one thread. */
function isBuffer(value: unknown): value is ArrayBuffer {
  return (
    isInstance(value, ArrayBuffer) || (typeof SharedArrayBuffer === 'function' && isInstance(value, SharedArrayBuffer))
  );
}

/** A file in memory. Reads copy, so that what a model holds never changes with `bytes`. */
export function bytesSource(bytes: ArrayBuffer | ArrayBufferView, name = 'bytes'): ByteSource {
  checkName('bytesSource', name);
  if (!ArrayBuffer.isView(bytes) && !isBuffer(bytes))
    throw new ParameterError('bytesSource', 'bytes', 'an ArrayBuffer or a view of one', bytes);
  const view = ArrayBuffer.isView(bytes)
    ? new Uint8Array(bytes.buffer, bytes.byteOffset, bytes.byteLength)
    : new Uint8Array(bytes);
  return { name, size: view.length, read: async (from, to) => view.slice(from, to) };
}

/** A Blob or File, such as what a person chose in a browser. Reads only the ranges that are asked for. */
export function blobSource(blob: Blob, given?: string): ByteSource {
  if (!isInstance(blob, Blob)) throw new ParameterError('blobSource', 'blob', 'a Blob or File', blob);
  checkName('blobSource', given);
  const name = given ?? (blob as { readonly name?: string }).name ?? 'blob';
  return {
    name,
    size: blob.size,
    async read(from, to) {
      try {
        return new Uint8Array(await blob.slice(from, to).arrayBuffer());
      } catch (cause) {
        throw new LoadError(name, `bytes ${from} to ${to} cannot be read`, undefined, { cause });
      }
    },
  };
}

/**
 * A file on disk (Node, Bun, Deno). It is opened for each read, so there is nothing to close.
 *
 * @throws LoadError when there is no such file, or no disk (in a browser).
 */
export async function fileSource(path: string | URL): Promise<ByteSource> {
  if (typeof path !== 'string' && !isInstance(path, URL))
    throw new ParameterError('fileSource', 'path', 'a path or a file: URL', path);
  const files = nodeFiles();
  const name = String(path);
  if (files === undefined) throw new LoadError(name, 'files on disk can only be read in Node');
  const size = await files.stat(path).then(
    (stat) => stat.size,
    (cause: unknown) => {
      throw new LoadError(name, 'the file cannot be opened', undefined, { cause });
    },
  );
  return {
    name,
    size,
    async read(from, to) {
      const file = await files.open(path, 'r').catch((cause: unknown) => {
        throw unreadable(name, from, to, cause);
      });
      try {
        return await readFully(file, name, size, from, to);
      } finally {
        await file.close();
      }
    },
  };
}

/** An open file of Node: what `open` of node:fs/promises gives. It stays the caller's, to be closed after loading. */
export interface OpenFile {
  stat(): Promise<{ readonly size: number }>;
  read(buffer: Uint8Array, offset: number, length: number, position: number): Promise<{ readonly bytesRead: number }>;
}

/**
 * A file that is open in Node.
 *
 * @throws LoadError when its size cannot be had.
 */
export async function openFileSource(file: OpenFile, name: string = 'file'): Promise<ByteSource> {
  checkName('openFileSource', name);
  const methods = ['stat', 'read'] as const;
  readable('openFileSource', 'file', file, () => {
    if (typeof file !== 'object' || file === null || methods.some((method) => typeof file[method] !== 'function'))
      throw new ParameterError('openFileSource', 'file', 'an open file of Node', file);
  });
  const { size } = await file.stat().catch((cause: unknown) => {
    throw new LoadError(name, 'the size of the file cannot be had', undefined, { cause });
  });
  return { name, size, read: (from, to) => readFully(file, name, size, from, to) };
}

async function readFully(
  file: Pick<OpenFile, 'read'>,
  name: string,
  size: number,
  from: number,
  to: number,
): Promise<Uint8Array> {
  const bytes = new Uint8Array(to - from);
  let filled = 0;
  while (filled < bytes.length) {
    const length = Math.min(bytes.length - filled, largestRead);
    const { bytesRead } = await file.read(bytes, filled, length, from + filled).catch((cause: unknown) => {
      throw unreadable(name, from, to, cause);
    });
    if (bytesRead === 0)
      throw new LoadError(name, `ends at byte ${from + filled}, but had ${size} bytes when it was opened`);
    filled += bytesRead;
  }
  return bytes;
}

function unreadable(name: string, from: number, to: number, cause: unknown): LoadError {
  return new LoadError(name, `bytes ${from} to ${to} cannot be read`, undefined, { cause });
}

/** One system call reads at most 2 GiB - 1; stay well below. */
const largestRead = 1 << 30;

/** Options of `urlSource`. */
export interface UrlSourceOptions {
  /** Names the file in errors. Default: the URL. */
  readonly name?: string;
  /** What fetches. Default: the global `fetch`. */
  readonly fetch?: typeof fetch;
  /** Sent with each request. Default none. */
  readonly headers?: Readonly<Record<string, string>>;
  readonly signal?: AbortSignal;
}

/**
 * A file behind a URL, read by HTTP ranges. A server that does not know ranges sends the file once, and it is then kept in
 * memory.
 *
 * @throws LoadError when the server refuses or sends a web page instead, and when the file changes between two reads.
 */
export async function urlSource(url: string | URL, options: UrlSourceOptions = {}): Promise<ByteSource> {
  const owner = 'urlSource';
  if (typeof url !== 'string' && !isInstance(url, URL)) throw new ParameterError(owner, 'url', 'a URL', url);
  const given = readOptions(owner, options, ['name', 'fetch', 'headers', 'signal']);
  const { name = String(url), fetch: request = fetch, headers = {}, signal } = given;
  checkName(owner, name);
  checkFunction(owner, 'fetch', request);
  for (const [header, value] of Object.entries(readRecord(owner, headers, 'headers')))
    checkString(owner, `headers.${header}`, value);
  if (signal !== undefined) checkSignal(owner, 'signal', signal);
  const get = async (range: string | undefined): Promise<Response> => {
    let response: Response;
    try {
      response = await request(url, {
        headers: range === undefined ? headers : { ...headers, Range: `bytes=${range}` },
        ...(signal === undefined ? {} : { signal }),
      });
    } catch (cause) {
      signal?.throwIfAborted();
      throw new LoadError(name, 'the request failed', undefined, { cause });
    }
    if (!isInstance(response, Response))
      throw new ParameterError(owner, 'fetch', 'a function that gives a Response', response);
    return response;
  };

  const first = await get(`0-${firstRange - 1}`);
  // An empty file has no first byte: 416 with 'bytes */0'.
  if (first.status === 416 && first.headers.get('content-range')?.endsWith('/0'))
    return bytesSource(new Uint8Array(), name);
  if (first.status !== 206) return responseSource(first, name);
  const size = rangeOf(first)?.size;
  if (size === undefined) return responseSource(await get(undefined), name);
  const start = await body(first, name);
  checkNoWebPage(first, start, name);
  const version = first.headers.get('etag');
  if (start.length !== Math.min(firstRange, size))
    throw new LoadError(name, `the server sent ${start.length} bytes instead of ${Math.min(firstRange, size)}`);

  return {
    name,
    size,
    async read(from, to) {
      if (to <= start.length) return start.slice(from, to);
      if (from >= to) return new Uint8Array();
      const response = await get(`${from}-${to - 1}`);
      const range = rangeOf(response);
      if (response.status !== 206 || range?.from !== from || range.to !== to - 1)
        throw new LoadError(name, `the server answered ${response.status} instead of bytes ${from} to ${to}`);
      if (range.size !== size || response.headers.get('etag') !== version)
        throw new LoadError(name, 'the file changed while it was read');
      const bytes = await body(response, name);
      if (bytes.length !== to - from)
        throw new LoadError(name, `the server sent ${bytes.length} bytes instead of ${to - from}`);
      return bytes;
    },
  };
}

/** Holds the header of most weight files, and small files whole. */
const firstRange = 64 * 1024;

/** The whole body of a response, in memory. */
export async function responseSource(response: Response, given?: string): Promise<ByteSource> {
  if (!isInstance(response, Response)) throw new ParameterError('responseSource', 'response', 'a Response', response);
  checkName('responseSource', given);
  const name = given ?? response.url;
  if (!response.ok)
    throw new LoadError(name, `the server answered ${response.status} ${response.statusText}`.trimEnd());
  const bytes = await body(response, name);
  checkNoWebPage(response, bytes, name);
  return bytesSource(bytes, name);
}

async function body(response: Response, name: string): Promise<Uint8Array> {
  try {
    return new Uint8Array(await response.arrayBuffer());
  } catch (cause) {
    throw new LoadError(name, 'the connection broke', undefined, { cause });
  }
}

function rangeOf(response: Response): { from: number; to: number; size: number } | undefined {
  const match = /^bytes (\d+)-(\d+)\/(\d+)$/.exec(response.headers.get('content-range') ?? '');
  return match === null ? undefined : { from: Number(match[1]), to: Number(match[2]), size: Number(match[3]) };
}

/** Read a range, and check the range against the file and the answer against the range. */
export async function readRange(source: ByteSource, from: number, to: number): Promise<Uint8Array> {
  if (!(Number.isSafeInteger(from) && Number.isSafeInteger(to) && 0 <= from && from <= to && to <= source.size))
    throw new ParameterError(source.name, 'range', `within the file's ${source.size} bytes`, [from, to]);
  const bytes = await source.read(from, to);
  if (bytes.length !== to - from)
    throw new LoadError(source.name, `gave ${bytes.length} bytes for the range ${from} to ${to}`);
  return bytes;
}

/**
 * Node's file functions, or undefined in a browser. Asked for at run time, so that bundlers for browsers see no import.
 * @ts-ignore */
export function nodeFiles(): typeof import('node:fs/promises') | undefined {
  return globalThis.process?.getBuiltinModule?.('node:fs/promises');
}
