import { LoadError, UnsupportedError } from '@tokenwright/core';
import { blobSource } from '../sources/byte-source.ts';
import type { HubFile } from './hub-file.ts';
import type { HubStore, PartialFile } from './hub-store.ts';
import { Sha256 } from './sha256.ts';

/** Bytes of a part. What a break costs is at most one. */
const defaultPartSize = 16 * 1024 * 1024;

/**
 * The cache in a browser: the origin's private file system, with a directory for each model URL and in it the contents by etag.
 *
 *     <cache>/<host>/<org--name>/blobs/<etag>.<part>       contents, in parts that are written at once or not at all
 *     <cache>/<host>/<org--name>/snapshots/<commit>.json   size and etag of each file that is there and was checked
 *     <cache>/<host>/<org--name>/refs/<revision>           the commit
 *
 * The file system has neither links nor, everywhere, renaming; a small file is replaced as a whole when its writer is closed.
 */
export async function opfsStore(
  cache: string,
  endpoint: string,
  repository: string,
  partSize: number = defaultPartSize,
): Promise<HubStore> {
  const root = await directoryAt(await opfsRoot(), [...cache.split('/'), ...modelPath(endpoint, repository)]);
  const [blobs, snapshots, refs] = await Promise.all([
    directoryAt(root, ['blobs']),
    directoryAt(root, ['snapshots']),
    directoryAt(root, ['refs']),
  ]);
  const place = `${endpoint}/${repository}`;

  const listed = async (commit: string): Promise<Record<string, HubFile>> => {
    const text = await (await fileAt(snapshots, `${commit}.json`))?.text();
    // Empty when the page was left while the first file was being listed.
    return text === undefined || text === '' ? {} : (JSON.parse(text) as Record<string, HubFile>);
  };
  /** All parts of a file, from the first that is missing on nothing counts. */
  const partsOf = async (file: HubFile): Promise<File[]> => {
    const parts: File[] = [];
    for (let at = 0, index = 0; at < file.size; at += partSize, index++) {
      const part = await fileAt(blobs, `${file.etag}.${index}`);
      if (part?.size !== Math.min(partSize, file.size - at)) break;
      parts.push(part);
    }
    return parts;
  };
  const sizeOf = (parts: readonly Blob[]): number => parts.reduce((sum, { size }) => sum + size, 0);
  // Two files of one commit may end together.
  let adopting: Promise<unknown> = Promise.resolve();
  const checked = new Set<string>();

  return {
    place,
    async commitOf(revision) {
      const text = await (await fileAt(refs, encodeURIComponent(revision)))?.text();
      // Empty after an end between the making of the file and its first content.
      return text === '' ? undefined : text;
    },
    setCommit: (revision, commit) => write(refs, encodeURIComponent(revision), commit, place),
    async file(commit, path) {
      const file = (await listed(commit))[path];
      if (file === undefined) return undefined;
      const parts = await partsOf(file);
      return sizeOf(parts) === file.size ? blobSource(new Blob(parts), path) : undefined;
    },
    names: async (commit) => Object.keys(await listed(commit)).sort(),
    adopt(commit, file) {
      // One at a time: a list that is replaced while it is read cannot be read to its end.
      const done = adopting.then(async () => {
        const whole = sizeOf(await partsOf(file)) === file.size;
        const all = await listed(commit);
        if (whole && all[file.path]?.etag === file.etag) return true;
        if (!whole || !(checked.has(file.etag) || (await wasChecked(snapshots, file.etag)))) return false;
        await write(snapshots, `${commit}.json`, JSON.stringify({ ...all, [file.path]: file }), place);
        return true;
      });
      adopting = done.catch(() => {});
      return done;
    },
    async begin(file): Promise<PartialFile> {
      let parts = await partsOf(file);
      let length = sizeOf(parts);
      let pending: Uint8Array<ArrayBuffer>[] = [];
      let held = 0;
      const flush = async (): Promise<void> => {
        const name = `${file.etag}.${parts.length}`;
        await write(blobs, name, new Blob(pending), place);
        parts.push((await fileAt(blobs, name))!);
        pending = [];
        held = 0;
      };
      return {
        get length() {
          return length;
        },
        async append(bytes) {
          for (let done = 0; done < bytes.length; ) {
            const take = Math.min(bytes.length - done, partSize - held);
            pending.push(bytes.slice(done, done + take));
            held += take;
            length += take;
            done += take;
            if (held === partSize || length === file.size) await flush();
          }
        },
        async restart() {
          for (let index = parts.length - 1; index >= 0; index--) await remove(blobs, `${file.etag}.${index}`);
          parts = [];
          pending = [];
          held = 0;
          length = 0;
        },
        digest: (kind) => digest(new Blob(parts), kind),
        finish: async () => void checked.add(file.etag),
        close: async () => {},
      };
    },
  };
}

/** @throws UnsupportedError where a page has no private file system: over plain http, in some private windows. */
export async function opfsRoot(): Promise<FileSystemDirectoryHandle> {
  const storage = (globalThis.navigator as Navigator | undefined)?.storage;
  if (storage?.getDirectory === undefined)
    throw new UnsupportedError(
      'caching downloaded models',
      'This page',
      'It needs the private file system of a page that came over https or from localhost. Give the files themselves: files({ ... }).',
    );
  return storage.getDirectory();
}

/** Where a model lies under the cache's directory. */
export function modelPath(endpoint: string, repository: string): readonly string[] {
  const { host, pathname } = new URL(endpoint);
  return [encodeURIComponent(host + pathname.replace(/\/$/, '')), repository.replaceAll('/', '--')];
}

/** The directory at a path. It is created if it does not exist. */
export async function directoryAt(
  from: FileSystemDirectoryHandle,
  path: readonly string[],
): Promise<FileSystemDirectoryHandle> {
  let directory = from;
  for (const name of path) directory = await directory.getDirectoryHandle(name, { create: true });
  return directory;
}

async function fileAt(directory: FileSystemDirectoryHandle, name: string): Promise<File | undefined> {
  try {
    return await (await directory.getFileHandle(name)).getFile();
  } catch (error) {
    if (error instanceof DOMException && error.name === 'NotFoundError') return undefined;
    throw error;
  }
}

/** Replace a file as a whole. */
async function write(
  directory: FileSystemDirectoryHandle,
  name: string,
  data: Blob | string,
  place: string,
): Promise<void> {
  try {
    const handle = await directory.getFileHandle(name, { create: true });
    const writer = await handle.createWritable();
    try {
      await writer.write(data);
    } catch (error) {
      await writer.abort().catch(() => {});
      throw error;
    }
    await writer.close();
  } catch (cause) {
    const full = cause instanceof DOMException && cause.name === 'QuotaExceededError';
    const problem = full
      ? 'the browser grants this page no more space'
      : 'the private file system cannot be written to';
    throw new LoadError(place, problem, undefined, { cause });
  }
}

async function remove(directory: FileSystemDirectoryHandle, name: string): Promise<void> {
  await directory.removeEntry(name).catch(() => {});
}

/** Whether content with this etag is part of a commit, so that it was checked when it came. */
async function wasChecked(snapshots: FileSystemDirectoryHandle, etag: string): Promise<boolean> {
  for await (const name of snapshots.keys()) {
    const text = await (await fileAt(snapshots, name))?.text();
    if (text?.includes(`"${etag}"`)) return true;
  }
  return false;
}

async function digest(content: Blob, kind: 'sha256' | 'git'): Promise<string> {
  if (kind === 'git') {
    const bytes = await new Blob([`blob ${content.size}\0`, content]).arrayBuffer();
    const hash = new Uint8Array(await crypto.subtle.digest('SHA-1', bytes));
    return Array.from(hash, (byte) => byte.toString(16).padStart(2, '0')).join('');
  }
  // In pieces: `crypto.subtle.digest` would need the whole file in memory.
  const hash = new Sha256();
  for (let at = 0; at < content.size; at += digestPiece)
    hash.update(new Uint8Array(await content.slice(at, at + digestPiece).arrayBuffer()));
  return hash.digest();
}

/** Bytes that are hashed at a time. */
const digestPiece = 4 * 1024 * 1024;
