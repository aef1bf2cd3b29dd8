import { LoadError, ParameterError, UnsupportedError } from '@tokenwright/core';
import { checkString, isInstance, readable, readRecord } from '@tokenwright/core/options';
import { type ByteSource, blobSource, fileSource, nodeFiles } from './byte-source.ts';
import { contentsSource, type FileContents } from './file-contents.ts';

/** Where the files of one model are: a folder, a set of files that a person chose, a package. */
export interface ModelSource {
  /** Names the model in errors and reports. */
  readonly name: string;
  /**
   * One file by its name within the model, such as 'config.json', or undefined when the model lacks it.
   *
   * @throws LoadError when the file is there but cannot be opened.
   */
  file(name: string): Promise<ByteSource | undefined>;
  /** Names of all files, when the source can list them; for finding weights under an unusual name, and for messages. */
  names?(): Promise<readonly string[]>;
}

/**
 * A folder on disk (Node, Bun, Deno) in Hugging Face layout. Nothing is read before `file` is called.
 *
 * @throws UnsupportedError in a browser.
 */
export function folder(path: string | URL): ModelSource {
  if ((typeof path !== 'string' || path === '') && !isInstance(path, URL))
    throw new ParameterError('folder', 'path', 'a path or a file: URL', path);
  const files = nodeFiles();
  const paths = globalThis.process?.getBuiltinModule?.('node:path');
  if (files === undefined || paths === undefined)
    throw new UnsupportedError('folders', 'A browser', 'Give the files themselves: files({ ... }).');
  const root = path instanceof URL ? process.getBuiltinModule('node:url').fileURLToPath(path) : path;
  return {
    name: root,
    async file(name) {
      const full = paths.join(root, ...checkFileName(root, name).split('/'));
      const stat = await files.stat(full).catch((cause: unknown) => {
        if (isAbsent(cause)) return undefined;
        throw new LoadError(full, 'the file cannot be opened', undefined, { cause });
      });
      return stat?.isFile() ? fileSource(full) : undefined;
    },
    async names() {
      const entries = await files.readdir(root).catch((cause: unknown) => {
        throw new LoadError(root, 'the folder cannot be read', undefined, { cause });
      });
      return entries.sort();
    },
  };
}

/** Files in memory, open, or chosen in a browser, by their names: `files({ 'config.json': blob, 'model.safetensors': bytes })`. */
export function files(
  contents: ReadonlyMap<string, FileContents> | Readonly<Record<string, FileContents>>,
  name = 'files',
): ModelSource {
  checkString('files', 'name', name);
  const byName: ReadonlyMap<string, FileContents> = isInstance(contents, Map)
    ? contents
    : new Map(Object.entries(readRecord('files', contents, 'contents')));
  return {
    name,
    async file(fileName) {
      const content = byName.get(fileName);
      return content === undefined ? undefined : contentsSource(content, fileName);
    },
    names: async () => [...byName.keys()],
  };
}

/** What is used of a directory handle of the File System API. */
export interface DirectoryHandle {
  readonly name: string;
  keys(): AsyncIterable<string>;
  getDirectoryHandle(name: string): Promise<DirectoryHandle>;
  getFileHandle(name: string): Promise<{ getFile(): Promise<Blob> }>;
}

/**
 * A directory of a browser: of the origin private file system (`await navigator.storage.getDirectory()` and below), or one that a person
 * chose (`await showDirectoryPicker()`). Nothing is read before `file` is called, and then by ranges.
 */
export function directory(handle: DirectoryHandle): ModelSource {
  readable('directory', 'handle', handle, () => {
    const methods = ['getDirectoryHandle', 'getFileHandle', 'keys'] as const;
    if (typeof handle !== 'object' || handle === null || methods.some((method) => typeof handle[method] !== 'function'))
      throw new ParameterError('directory', 'handle', 'a directory handle of the File System API', handle);
  });
  return {
    name: handle.name || 'directory',
    async file(name) {
      const parts = checkFileName(handle.name, name).split('/');
      const last = parts.pop()!;
      try {
        let inner = handle;
        for (const part of parts) inner = await inner.getDirectoryHandle(part);
        return blobSource(await (await inner.getFileHandle(last)).getFile(), name);
      } catch (cause) {
        // TypeMismatchError: a directory of that name.
        if (cause instanceof Error && (cause.name === 'NotFoundError' || cause.name === 'TypeMismatchError'))
          return undefined;
        throw new LoadError(`${handle.name}/${name}`, 'the file cannot be opened', undefined, { cause });
      }
    },
    async names() {
      const names: string[] = [];
      for await (const name of handle.keys()) names.push(name);
      return names.sort();
    },
  };
}

/**
 * A file name within a model, or a LoadError: forward slashes only, and nothing that leads out of the model's folder. Names come
 * from files that a stranger wrote.
 */
export function checkFileName(file: string, name: string): string {
  const leadsOut = name.split('/').some((part) => part === '' || part === '.' || part === '..');
  if (leadsOut || /[\\:\0]/.test(name))
    throw new LoadError(file, `the file name '${name}' leads out of the model's folder`);
  return name;
}

function isAbsent(cause: unknown): boolean {
  return cause instanceof Error && 'code' in cause && (cause.code === 'ENOENT' || cause.code === 'ENOTDIR');
}
