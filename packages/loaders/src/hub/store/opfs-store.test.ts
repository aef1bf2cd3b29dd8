import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { FakeFileSystem } from '../../testing/fake-file-system.ts';
import { etagOf, someBytes } from '../../testing/hub-server.ts';
import type { HubFile } from './hub-file.ts';
import type { HubStore } from './hub-store.ts';
import { opfsStore } from './opfs-store.ts';

const commit = 'c'.repeat(40);
const weights = someBytes(250);
const file: HubFile = { path: 'model.safetensors', size: weights.length, etag: etagOf(weights) };

let notices: string[];
beforeEach(() => {
  notices = [];
});
afterEach(() => vi.unstubAllGlobals());

/** A page whose storage is this; `undefined` for a page without one. */
function page(storage: object | undefined): void {
  vi.stubGlobal('navigator', { storage });
}

const storageOf = ({ root }: FakeFileSystem): object => ({ getDirectory: async () => root });
const open = (): Promise<HubStore> =>
  opfsStore('cache', 'https://hub.example', 'org/name', { partSize: 100, onNotice: (text) => notices.push(text) });

/** Write the file as a download does, and read it back from the same store. */
async function downloaded(store: HubStore): Promise<Uint8Array> {
  const partial = await store.begin(file);
  await partial.append(weights.slice(partial.length));
  expect(await partial.digest('git')).toBe(file.etag);
  await partial.finish();
  await partial.close();
  expect(await store.adopt(commit, file)).toBe(true);
  await store.setCommit('main', commit);
  const source = (await store.file(commit, file.path))!;
  return source.read(0, source.size);
}

/** What a later visit finds. */
async function kept(): Promise<readonly [string | undefined, readonly string[]]> {
  const store = await open();
  return [await store.commitOf('main'), await store.names(commit)];
}

describe('the private file system', () => {
  it.each([
    ['with writable streams', {}],
    [
      'with the access handles of workers alone, as in Safari before 26',
      { createWritable: false, createSyncAccessHandle: true },
    ],
  ])('keeps a model %s', async (_, options) => {
    page(storageOf(new FakeFileSystem(options)));
    expect(await downloaded(await open())).toEqual(weights);
    expect(await kept()).toEqual([commit, [file.path]]);
    expect((await (await open()).begin(file)).length).toBe(weights.length);
    expect(notices).toEqual([]);
  });

  it.each<[string, object | undefined, RegExp]>([
    ['a page without storage', undefined, /This page does not support the private file system/],
    ['a page without a private file system', {}, /needs https or localhost/],
    [
      'a private window',
      { getDirectory: () => Promise.reject(new DOMException('denied', 'SecurityError')) },
      /cannot be used \(denied\)/,
    ],
    [
      'a main thread without writable streams',
      storageOf(new FakeFileSystem({ createWritable: false })),
      /outside of a worker/,
    ],
  ])('%s holds the model in memory and says so once', async (_, storage, message) => {
    page(storage);
    expect(await downloaded(await open())).toEqual(weights);
    expect(notices).toEqual([expect.stringMatching(/^org\/name is held in memory and must be downloaded again/)]);
    expect(notices[0]).toMatch(message);
    expect(await kept()).toEqual([undefined, []]);
  });

  it('that gets full keeps what fits; the rest is held in memory', async () => {
    const system = new FakeFileSystem({ quota: 150 });
    page(storageOf(system));
    expect(await downloaded(await open())).toEqual(weights);
    expect(notices).toEqual([expect.stringMatching(/the browser grants this page no more space$/)]);
    expect([...system.files.values()].map(({ size }) => size)).toEqual([100, 50]);
    // The next visit continues after the part that fits.
    expect((await (await open()).begin(file)).length).toBe(100);
  });

  it.each(['', '{"model.saf', 'c'.repeat(39)])(
    'survives files that were cut while they were written: %j',
    async (cut) => {
      const system = new FakeFileSystem();
      page(storageOf(system));
      await downloaded(await open());
      for (const path of system.files.keys()) if (!path.includes('/blobs/')) system.files.set(path, new Blob([cut]));
      expect(await kept()).toEqual([undefined, []]);
      expect(await downloaded(await open())).toEqual(weights);
    },
  );

  it('asks the browser to persist, once', async () => {
    vi.resetModules();
    const { opfsStore: fresh } = await import('./opfs-store.ts');
    const persist = vi.fn(async () => true);
    page({ ...storageOf(new FakeFileSystem()), persist });
    await fresh('cache', 'https://hub.example', 'org/name');
    await fresh('cache', 'https://hub.example', 'org/name');
    expect(persist).toHaveBeenCalledTimes(1);
  });
});
