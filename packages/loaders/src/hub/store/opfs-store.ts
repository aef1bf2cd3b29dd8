import { UnsupportedError } from '@tokenwright/core';
import { blobSource } from '../../sources/byte-source.ts';
import type { HubFile } from './hub-file.ts';
import type { HubStore, PartialFile } from './hub-store.ts';
import { Sha256 } from './sha256.ts';
import { directoryShelf, memoryShelf, type Shelf, shelfWithMemory } from './shelf.ts';

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
 *
 * Without a private file system (over plain http, in some private windows), and when it is full or cannot be written to, files are
 * kept in memory, and `onNotice` says so.
 */
export async function opfsStore(
  cache: string,
  endpoint: string,
  repository: string,
  { onNotice, partSize = defaultPartSize }: OpfsOptions = {},
): Promise<HubStore> {
  let noticed = false;
  const inMemory = (why: string): void => {
    if (!noticed)
      onNotice?.(`${repository} is held in memory and must be downloaded again after the page is closed: ${why}`);
    noticed = true;
  };
  const [blobs, snapshots, refs] = await shelves([...cache.split('/'), ...modelPath(endpoint, repository)], inMemory);

  const listed = async (commit: string): Promise<Record<string, HubFile>> => {
    const text = await (await snapshots.read(`${commit}.json`))?.text();
    try {
      return JSON.parse(text ?? '{}') as Record<string, HubFile>;
    } catch {
      // Empty or cut when the page was left while the list was written.
      return {};
    }
  };
  /** All parts of a file, from the first that is missing on nothing counts. */
  const partsOf = async (file: HubFile): Promise<Blob[]> => {
    const parts: Blob[] = [];
    for (let at = 0, index = 0; at < file.size; at += partSize, index++) {
      const part = await blobs.read(`${file.etag}.${index}`);
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
    place: `${endpoint}/${repository}`,
    async commitOf(revision) {
      const text = await (await refs.read(encodeURIComponent(revision)))?.text();
      // Empty or cut when the page was left while it was written.
      return text !== undefined && /^[0-9a-f]{40}$/.test(text) ? text : undefined;
    },
    setCommit: (revision, commit) => refs.write(encodeURIComponent(revision), new Blob([commit])),
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
        await snapshots.write(`${commit}.json`, new Blob([JSON.stringify({ ...all, [file.path]: file })]));
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
        await blobs.write(name, new Blob(pending));
        parts.push((await blobs.read(name))!);
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
          for (let index = parts.length - 1; index >= 0; index--) await blobs.remove(`${file.etag}.${index}`);
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

/** Settings of a store. */
export interface OpfsOptions {
  readonly onNotice?: ((notice: string) => void) | undefined;
  /** Bytes of a part. Default 16 MiB. */
  readonly partSize?: number;
}

/** Places for blobs, snapshots and refs: in the private file system where there is one, otherwise in memory. */
async function shelves(
  path: readonly string[],
  inMemory: (why: string) => void,
): Promise<readonly [Shelf, Shelf, Shelf]> {
  try {
    const root = await directoryAt(await opfsRoot(), path);
    askToPersist();
    const open = async (name: string): Promise<Shelf> =>
      shelfWithMemory(directoryShelf(await directoryAt(root, [name])), (cause) => inMemory(whyNot(cause)));
    return await Promise.all([open('blobs'), open('snapshots'), open('refs')]);
  } catch (cause) {
    inMemory(whyNot(cause));
    return [memoryShelf(), memoryShelf(), memoryShelf()];
  }
}

let asked = false;

/** Ask the browser once not to delete the files when space runs short. Only a page can ask, not a worker. */
function askToPersist(): void {
  if (!asked) void navigator.storage.persist?.().catch(() => {});
  asked = true;
}

function whyNot(cause: unknown): string {
  if (cause instanceof DOMException && cause.name === 'QuotaExceededError')
    return 'the browser grants this page no more space';
  const reason = cause instanceof Error ? cause.message : String(cause);
  return `the private file system of this page cannot be used (${reason})`;
}

/**
 * The private file system of the page's origin.
 *
 * @throws UnsupportedError where there is none: over plain http, in some private windows. What the browser throws when it refuses.
 */
export async function opfsRoot(): Promise<FileSystemDirectoryHandle> {
  const storage = (globalThis.navigator as Navigator | undefined)?.storage;
  if (storage?.getDirectory === undefined)
    throw new UnsupportedError('the private file system', 'This page', 'It needs https or localhost.');
  return storage.getDirectory();
}

/** The path of a model below the directory of the cache. */
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

/** Whether content with this etag is part of a commit, so that it was checked when it came. */
async function wasChecked(snapshots: Shelf, etag: string): Promise<boolean> {
  for (const name of await snapshots.names()) {
    const text = await (await snapshots.read(name))?.text();
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
