import { readOptions } from '@tokenwright/core/options';
import { nodeFiles } from '../sources/byte-source.ts';
import { readHubName } from './hub-name.ts';
import { type HubOptions, type HubSettings, readHubOptions } from './hub-options.ts';
import { directoryAt, modelPath, opfsRoot } from './store/opfs-store.ts';

/** A model that the cache holds, whole or in part. */
export interface CachedModel {
  /** 'org/name' */
  readonly name: string;
  /** The size of its files, including unfinished downloads. */
  readonly bytes: number;
  /** Branches and tags that were fetched. */
  readonly revisions: readonly string[];
}

/** Selects the cache, as the options of `hubModel`. In a browser each endpoint has its own. */
export type CacheOptions = Pick<HubOptions, 'cache' | 'endpoint'>;

/** The models of hubs that this machine, or this page's origin, keeps; by name. None where a page has no private file system. */
export async function cachedModels(options: CacheOptions = {}): Promise<CachedModel[]> {
  const settings = await readHubOptions({ ...cacheOptions('cachedModels', options), token: false }, 'cachedModels');
  const found = nodeFiles() === undefined ? await inBrowser(settings) : await inFolder(settings.cache);
  return found.sort((a, b) => (a.name < b.name ? -1 : 1));
}

/**
 * Remove a model from the cache, with all its revisions. Nothing happens when the cache does not have it.
 *
 * @throws LoadError for a text that is not a name of a model.
 */
export async function removeCachedModel(name: string, options: CacheOptions = {}): Promise<void> {
  const owner = 'removeCachedModel';
  const { repository } = readHubName(name, undefined, owner);
  const { cache, endpoint } = await readHubOptions({ ...cacheOptions(owner, options), token: false }, owner);
  const files = nodeFiles();
  if (files !== undefined)
    return files.rm(`${cache}/models--${repository.replaceAll('/', '--')}`, { recursive: true, force: true });
  const path = [...cache.split('/'), ...modelPath(endpoint, repository)];
  const fileSystem = await opfsRoot().catch(() => undefined);
  if (fileSystem === undefined) return;
  const parent = await directoryAt(fileSystem, path.slice(0, -1));
  await parent.removeEntry(path.at(-1)!, { recursive: true }).catch(() => {});
}

function cacheOptions(owner: string, options: CacheOptions): CacheOptions {
  return readOptions(owner, options, ['cache', 'endpoint']);
}

async function inFolder(cache: string): Promise<CachedModel[]> {
  const files = process.getBuiltinModule('node:fs/promises');
  const entries = async (path: string): Promise<string[]> =>
    files.readdir(path, { recursive: true }).catch(() => [] as string[]);
  // Links are not followed: a snapshot contains real files only where links are not allowed.
  const sizeOf = async (path: string): Promise<number> => {
    const stat = await files.lstat(path).catch(() => undefined);
    return stat?.isFile() ? stat.size : 0;
  };
  const found: CachedModel[] = [];
  for (const folder of await files.readdir(cache).catch(() => [] as string[])) {
    const [kind, ...parts] = folder.split('--');
    if (kind !== 'models' || parts.length === 0) continue;
    let bytes = 0;
    for (const part of ['blobs', 'snapshots'])
      for (const file of await entries(`${cache}/${folder}/${part}`))
        bytes += await sizeOf(`${cache}/${folder}/${part}/${file}`);
    const refs = `${cache}/${folder}/refs`;
    const revisions: string[] = [];
    for (const ref of await entries(refs)) if ((await sizeOf(`${refs}/${ref}`)) > 0) revisions.push(ref);
    found.push({ name: parts.join('/'), bytes, revisions: revisions.sort() });
  }
  return found;
}

async function inBrowser({ cache, endpoint }: HubSettings): Promise<CachedModel[]> {
  const [server = ''] = modelPath(endpoint, '');
  const fileSystem = await opfsRoot().catch(() => undefined);
  if (fileSystem === undefined) return [];
  const root = await directoryAt(fileSystem, [...cache.split('/'), server]);
  const found: CachedModel[] = [];
  for await (const [name, directory] of root.entries()) {
    if (directory.kind !== 'directory') continue;
    const blobs = await directoryAt(directory as FileSystemDirectoryHandle, ['blobs']);
    let bytes = 0;
    for await (const blob of blobs.values())
      if (blob.kind === 'file') bytes += (await (blob as FileSystemFileHandle).getFile()).size;
    const revisions: string[] = [];
    const refs = await directoryAt(directory as FileSystemDirectoryHandle, ['refs']);
    for await (const ref of refs.keys()) revisions.push(decodeURIComponent(ref));
    found.push({ name: name.replaceAll('--', '/'), bytes, revisions: revisions.sort() });
  }
  return found;
}
