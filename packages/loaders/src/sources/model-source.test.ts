import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { LoadError, UnsupportedError } from '@tokenwright/core';
import { afterAll, afterEach, beforeAll, describe, expect, it, vi } from 'vitest';
import { checkFileName, type DirectoryHandle, directory, files, folder } from './model-source.ts';

let root = '';
beforeAll(async () => {
  root = await mkdtemp(join(tmpdir(), 'loaders-'));
  await mkdir(join(root, 'model', 'part'), { recursive: true });
  await writeFile(join(root, 'secret'), 'secret');
  await writeFile(join(root, 'model', 'config.json'), '{}');
  await writeFile(join(root, 'model', 'part', 'a.bin'), 'abc');
});
afterAll(() => rm(root, { recursive: true }));
afterEach(() => vi.unstubAllGlobals());

describe('folder', () => {
  it('finds files, also in folders below, and lists its own', async () => {
    for (const source of [folder(join(root, 'model')), folder(pathToFileURL(join(root, 'model')))]) {
      expect(source.name).toBe(join(root, 'model'));
      const config = await source.file('config.json');
      expect(config?.name).toBe(join(root, 'model', 'config.json'));
      expect(config?.size).toBe(2);
      expect((await source.file('part/a.bin'))?.size).toBe(3);
      expect(await source.names?.()).toEqual(['config.json', 'part']);
    }
  });

  it('has no file where there is none, or a folder', async () => {
    const source = folder(join(root, 'model'));
    expect(await source.file('other.json')).toBeUndefined();
    expect(await source.file('config.json/x')).toBeUndefined();
    expect(await source.file('part')).toBeUndefined();
    await expect(folder(join(root, 'nowhere')).names?.()).rejects.toThrow('the folder cannot be read');
  });

  it.each([
    '../secret',
    'part/../../secret',
    '/etc/passwd',
    'a//b',
    './config.json',
    '..\\secret',
    'C:secret',
    'a\0',
    '',
  ])('refuses the name %j', async (name) => {
    await expect(folder(join(root, 'model')).file(name)).rejects.toThrow(LoadError);
    expect(() => checkFileName('index.json', name)).toThrow("leads out of the model's folder");
  });

  it('is a typed error without a disk', () => {
    vi.stubGlobal('process', undefined);
    expect(() => folder('model')).toThrow(UnsupportedError);
    expect(() => folder('model')).toThrow('Give the files themselves');
  });
});

describe('files', () => {
  const contents = { 'a.json': new Blob(['{}']), 'b.bin': new Uint8Array([1, 2]), 'c.bin': new ArrayBuffer(3) };

  it.each([
    ['an object', contents],
    ['a map', new Map(Object.entries(contents))],
  ])('holds the files of %s', async (_, given) => {
    const source = files(given, 'mine');
    expect(source.name).toBe('mine');
    expect(await source.names?.()).toEqual(['a.json', 'b.bin', 'c.bin']);
    expect((await source.file('a.json'))?.name).toBe('a.json');
    expect(await (await source.file('b.bin'))?.read(1, 2)).toEqual(new Uint8Array([2]));
    expect((await source.file('c.bin'))?.size).toBe(3);
    expect(await source.file('toString')).toBeUndefined();
  });
});

describe('directory', () => {
  /** A directory handle over nested objects, as browsers give them. */
  const handle = (name: string, entries: Readonly<Record<string, unknown>>): DirectoryHandle => {
    const entry = (wanted: string, isFile: boolean): unknown => {
      if (!Object.hasOwn(entries, wanted)) throw new DOMException('is not there', 'NotFoundError');
      if ((typeof entries[wanted] === 'string') !== isFile) throw new DOMException('another kind', 'TypeMismatchError');
      return entries[wanted];
    };
    return {
      name,
      async *keys() {
        yield* Object.keys(entries);
      },
      getDirectoryHandle: async (wanted) => handle(wanted, entry(wanted, false) as Record<string, unknown>),
      async getFileHandle(wanted) {
        const text = entry(wanted, true) as string;
        if (text === 'locked') throw new DOMException('is locked', 'NoModificationAllowedError');
        return { getFile: async () => new Blob([text]) };
      },
    };
  };
  const source = directory(handle('models', { b: 'bb', 'a.json': '{}', sub: { c: 'ccc' }, l: 'locked' }));

  it('gives files by their names, also those in directories within', async () => {
    expect(await source.names!()).toEqual(['a.json', 'b', 'l', 'sub']);
    expect((await source.file('b'))!.size).toBe(2);
    expect(new TextDecoder().decode(await (await source.file('sub/c'))!.read(1, 3))).toBe('cc');
    expect(source.name).toBe('models');
  });

  it('has no file where there is none, or a directory', async () => {
    for (const name of ['x', 'sub', 'sub/x', 'x/c', 'b/c']) expect(await source.file(name), name).toBeUndefined();
  });

  it('refuses names that lead out, and says when a file cannot be opened', async () => {
    await expect(source.file('../b')).rejects.toThrow("leads out of the model's folder");
    await expect(source.file('l')).rejects.toThrow('models/l: the file cannot be opened');
  });
});
