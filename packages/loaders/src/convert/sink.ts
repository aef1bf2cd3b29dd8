import { LoadError } from '@tokenwright/core';
import { nodeFiles } from '../sources/byte-source.ts';
import { makeFolder } from '../sources/make-folder.ts';
import { checkFileName } from '../sources/model-source.ts';

/** Where a converted model is written: a folder, memory, or what a caller makes of it. */
export interface ModelSink {
  /** Begin a file of `size` bytes. Files are written one after the other. */
  file(name: string, size: number): Promise<FileSink>;
}

/** A file that is written from front to back. */
export interface FileSink {
  write(bytes: Uint8Array): Promise<void>;
  /** The file is whole. */
  close(): Promise<void>;
  /** The file will not become whole; leave nothing of it. */
  abort(): Promise<void>;
}

/**
 * A folder on disk (Node, Bun, Deno), made where it is absent. Each file gets its name when it is whole: until then it is called
 * `<name>.partial`.
 *
 * @throws LoadError when there is no disk, when a file of the name is there already, or when it cannot be written.
 */
export function folderSink(path: string): ModelSink {
  const files = nodeFiles();
  const paths = globalThis.process?.getBuiltinModule?.('node:path');
  if (files === undefined || paths === undefined)
    throw new LoadError(path, 'folders on disk can only be written in Node');
  return {
    async file(name) {
      const full = paths.join(path, checkFileName(path, name));
      const writing = async <T>(work: Promise<T>): Promise<T> =>
        work.catch((cause: unknown) => {
          throw new LoadError(full, 'the file cannot be written', undefined, { cause });
        });
      await makeFolder(path).catch((cause: NodeJS.ErrnoException) => {
        throw new LoadError(path, `the folder cannot be made (${cause.code})`, undefined, { cause });
      });
      if ((await files.stat(full).catch(() => undefined)) !== undefined)
        throw new LoadError(full, 'there is a file of this name already');
      const partial = `${full}.partial`;
      const handle = await writing(files.open(partial, 'w'));
      return {
        write: (bytes) => writing(handle.writeFile(bytes)),
        async close() {
          await writing(handle.sync());
          await handle.close();
          await writing(files.rename(partial, full));
        },
        async abort() {
          await handle.close();
          await files.rm(partial, { force: true });
        },
      };
    },
  };
}

/** Files in memory; `files(sink.contents)` is a source of them. */
export function memorySink(): ModelSink & { readonly contents: ReadonlyMap<string, Uint8Array> } {
  const contents = new Map<string, Uint8Array>();
  return {
    contents,
    async file(name, size) {
      const bytes = new Uint8Array(size);
      let at = 0;
      return {
        async write(part) {
          bytes.set(part, at);
          at += part.length;
        },
        async close() {
          contents.set(name, bytes);
        },
        async abort() {},
      };
    },
  };
}
