import { LoadError, UnsupportedError } from '@tokenwright/core';

/** Small files and parts of large ones, by name. A write replaces the whole content. */
export interface Shelf {
  read(name: string): Promise<Blob | undefined>;
  /** @throws what the file system throws; nothing is left of a write that failed. */
  write(name: string, content: Blob): Promise<void>;
  remove(name: string): Promise<void>;
  names(): Promise<readonly string[]>;
}

/** In memory, until the page is closed. */
export function memoryShelf(): Shelf {
  const contents = new Map<string, Blob>();
  return {
    read: async (name) => contents.get(name),
    write: async (name, content) => void contents.set(name, content),
    remove: async (name) => void contents.delete(name),
    names: async () => [...contents.keys()],
  };
}

/** A directory of the origin's private file system. */
export function directoryShelf(directory: FileSystemDirectoryHandle): Shelf {
  const remove = async (name: string): Promise<void> => {
    await directory.removeEntry(name).catch(() => {});
  };
  return {
    read: (name) => fileAt(directory, name),
    async write(name, content) {
      const handle = await directory.getFileHandle(name, { create: true });
      try {
        await replace(handle, content);
      } catch (error) {
        await remove(name);
        throw error;
      }
    },
    remove,
    async names() {
      const names: string[] = [];
      for await (const name of directory.keys()) names.push(name);
      return names;
    },
  };
}

/**
 * A shelf that writes to memory when `first` cannot be written to. What is already in `first` stays readable.
 *
 * @param onFailure Called with the error of each write that failed.
 */
export function shelfWithMemory(first: Shelf, onFailure: (cause: unknown) => void): Shelf {
  const second = memoryShelf();
  return {
    read: async (name) => (await second.read(name)) ?? first.read(name),
    async write(name, content) {
      try {
        await first.write(name, content);
        await second.remove(name);
      } catch (cause) {
        onFailure(cause);
        await second.write(name, content);
      }
    },
    async remove(name) {
      await second.remove(name);
      await first.remove(name);
    },
    names: async () => [...new Set([...(await first.names()), ...(await second.names())])],
  };
}

/** The part of a handle that only workers have. Safari before 26 has it and no `createWritable`. */
interface SyncHandle {
  createSyncAccessHandle?(): Promise<{
    truncate(size: number): void;
    write(bytes: Uint8Array, options: { at: number }): number;
    flush(): void;
    close(): void;
  }>;
}

/** Replace the content of a file. */
async function replace(handle: FileSystemFileHandle & SyncHandle, content: Blob): Promise<void> {
  // The types say that every browser has it.
  if ((handle.createWritable as unknown) !== undefined) {
    const writer = await handle.createWritable();
    try {
      await writer.write(content);
    } catch (error) {
      await writer.abort().catch(() => {});
      throw error;
    }
    return writer.close();
  }
  if (handle.createSyncAccessHandle === undefined)
    throw new UnsupportedError('writing to the private file system outside of a worker', 'This browser');
  const bytes = new Uint8Array(await content.arrayBuffer());
  const access = await handle.createSyncAccessHandle();
  try {
    access.truncate(0);
    const written = access.write(bytes, { at: 0 });
    if (written !== bytes.length)
      throw new LoadError(handle.name, `only ${written} of ${bytes.length} bytes were written`);
    access.flush();
  } finally {
    access.close();
  }
}

async function fileAt(directory: FileSystemDirectoryHandle, name: string): Promise<File | undefined> {
  try {
    return await (await directory.getFileHandle(name)).getFile();
  } catch (error) {
    if (error instanceof DOMException && error.name === 'NotFoundError') return undefined;
    throw error;
  }
}
