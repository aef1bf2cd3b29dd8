import { LoadError, ParameterError } from '@tokenwright/core';
import { type ByteSource, nodeFiles } from '../sources/byte-source.ts';
import { checkFileName, type ModelSource } from '../sources/model-source.ts';
import { readShardIndex } from '../weights/shard-index.ts';
import { type HubListing, listModel } from './hub-api.ts';
import { type HubName, readHubName } from './hub-name.ts';
import { type HubOptions, type HubSettings, readHubOptions } from './hub-options.ts';
import { neededFiles, shardIndex } from './needed-files.ts';
import { UnreachableError } from './patient-fetch.ts';
import { folderStore } from './store/folder-store.ts';
import type { HubFile } from './store/hub-file.ts';
import type { HubStore } from './store/hub-store.ts';
import { opfsStore } from './store/opfs-store.ts';
import { transfer } from './transfer.ts';

/** Files that are fetched at the same time. */
const atOnce = 4;

/**
 * Downloads a model from the Hugging Face Hub into the cache. It fetches only the files that are needed to run the model and
 * that the cache does not have yet.
 *
 * ```ts
 * const source = await hubModel('openai-community/gpt2', { onProgress: ({ loaded, total }) => … });
 * const { model, tokenizer } = await load(source, { engine });
 * ```
 *
 * A broken download continues where it stopped, in this call (`retries` times without a byte in between) or in the next. Each
 * file is checked against the hub's length and checksum before anyone sees it.
 *
 * @param model 'org/name' for safetensors, or the only .gguf file; 'org/name:file.gguf' or 'org/name:Q4_K_M' for one of several. Also
 * the address of a model, a branch or a .gguf file: 'https://huggingface.co/org/name/blob/main/file.gguf'.
 * @throws LoadError when the hub refuses, cannot be reached, or sends something else than it lists; ParameterError and
 * UnknownOptionError for options; the signal's reason.
 */
export async function hubModel(model: string, options: HubOptions = {}): Promise<ModelSource> {
  const read = await readHubOptions(options);
  const wanted = readHubName(model, read.endpoint);
  if (wanted.revision !== undefined && options.revision !== undefined && options.revision !== wanted.revision)
    throw new ParameterError('hubModel', 'revision', `'${wanted.revision}', as the address says`, options.revision);
  const settings = { ...read, revision: checkFileName('revision', wanted.revision ?? read.revision) };
  const name = wanted.file === undefined ? wanted.repository : `${wanted.repository}:${wanted.file}`;
  const store = await openStore(wanted.repository, settings);
  settings.signal?.throwIfAborted();
  const known = /^[0-9a-f]{40}$/.test(settings.revision) ? settings.revision : await store.commitOf(settings.revision);
  if (settings.offline) return cachedModel(name, wanted, settings, store, known);

  let listing: HubListing;
  try {
    // When the cache has a copy, there is less reason to wait for a hub that does not answer.
    const patience =
      known === undefined ? settings : { ...settings, retries: Math.min(1, settings.retries), onNotice: undefined };
    listing = await listModel(wanted.repository, patience);
  } catch (error) {
    if (!(error instanceof UnreachableError) || known === undefined) throw error;
    const cached = await cachedModel(name, wanted, settings, store, known).catch(() => undefined);
    if (cached === undefined) throw error;
    const why = error.cause instanceof Error ? error.cause.message : error.message;
    settings.onNotice?.(`${settings.endpoint}: ${why}; ${wanted.repository} is taken from the cache as it is`);
    return cached;
  }
  const needed = await fetchNeeded(wanted, listing, settings, store);
  if (settings.revision !== listing.commit && known !== listing.commit)
    await store.setCommit(settings.revision, listing.commit);
  return sourceOf({ name, wanted, ...listing, needed, settings, store });
}

/** Opens the cache of downloaded models: a folder in Node, the origin's private file system in a browser. */
export async function openStore(repository: string, settings: HubSettings): Promise<HubStore> {
  return nodeFiles() === undefined
    ? opfsStore(settings.cache, settings.endpoint, repository, settings)
    : folderStore(settings.cache, repository);
}

/** The files of a commit in the cache. @throws LoadError when they are not enough to run the model. */
async function cachedModel(
  name: string,
  wanted: HubName,
  settings: HubSettings,
  store: HubStore,
  commit: string | undefined,
): Promise<ModelSource> {
  const missing = (what: string): LoadError =>
    new LoadError(wanted.repository, `the cache at ${store.place} lacks ${what}, and offline nothing is downloaded`);
  const names = commit === undefined ? [] : await store.names(commit);
  if (commit === undefined || names.length === 0) throw missing(`the revision '${settings.revision}'`);
  const needed = neededFiles(wanted.repository, names, wanted.file);
  const index = needed.includes(shardIndex) ? await store.file(commit, shardIndex) : undefined;
  const shards = index === undefined ? [] : await shardsOf(index);
  const absent = [...needed, ...shards].filter((file) => !names.includes(file));
  if (absent.length > 0) throw missing(absent.join(', '));
  return sourceOf({ name, wanted, commit, files: [], needed, settings, store });
}

/** Download all needed files into the store, several at a time. Returns their names. */
async function fetchNeeded(
  wanted: HubName,
  { commit, files }: HubListing,
  settings: HubSettings,
  store: HubStore,
): Promise<readonly string[]> {
  const byPath = new Map(files.map((file) => [file.path, file]));
  const needed = neededFiles(wanted.repository, [...byPath.keys()], wanted.file);
  const tally = new Tally(settings);
  if (needed.includes(shardIndex)) {
    await fetchFile(wanted, commit, byPath.get(shardIndex)!, settings, store, tally);
    const shards = await shardsOf((await store.file(commit, shardIndex))!);
    const absent = shards.filter((path) => !byPath.has(path));
    if (absent.length > 0) throw new LoadError(shardIndex, `names files that the hub lacks: ${absent.join(', ')}`);
    needed.push(...shards);
  }
  const queue = needed.map((path) => byPath.get(path)!);
  for (const file of queue) tally.expect(file);

  // The first failure ends the others.
  const stop = new AbortController();
  const signal = settings.signal === undefined ? stop.signal : AbortSignal.any([settings.signal, stop.signal]);
  const workers = Array.from({ length: atOnce }, async () => {
    for (let file = queue.shift(); file !== undefined; file = queue.shift())
      await fetchFile(wanted, commit, file, { ...settings, signal }, store, tally);
  });
  try {
    await Promise.all(workers);
  } catch (error) {
    stop.abort(error);
    await Promise.allSettled(workers);
    throw error;
  }
  return needed;
}

async function shardsOf(index: ByteSource): Promise<string[]> {
  return [...new Set((await readShardIndex(index)).values())].sort();
}

/** Download one file into the store, unless it is there already. */
async function fetchFile(
  { repository }: HubName,
  commit: string,
  file: HubFile,
  settings: HubSettings,
  store: HubStore,
  tally: Tally,
): Promise<void> {
  tally.expect(file);
  if (!(await store.adopt(commit, file))) {
    const path = file.path.split('/').map(encodeURIComponent).join('/');
    const url = `${settings.endpoint}/${repository}/resolve/${commit}/${path}`;
    const partial = await store.begin(file, settings.signal);
    try {
      await transfer(url, file, partial, settings, (length) => tally.count(file, length));
      await partial.finish();
    } finally {
      await partial.close();
    }
    await store.adopt(commit, file);
  }
  tally.count(file, file.size);
}

/** Sums the progress of several files. */
class Tally {
  readonly #settings: HubSettings;
  readonly #files: Map<string, { readonly size: number; loaded: number }> = new Map();

  constructor(settings: HubSettings) {
    this.#settings = settings;
  }

  expect({ path, size }: HubFile): void {
    if (!this.#files.has(path)) this.#files.set(path, { size, loaded: 0 });
  }

  count({ path }: HubFile, loaded: number): void {
    this.#files.get(path)!.loaded = loaded;
    let sum = 0;
    let total = 0;
    for (const file of this.#files.values()) {
      sum += file.loaded;
      total += file.size;
    }
    this.#settings.onProgress?.({ file: path, loaded: sum, total });
  }
}

/** The files of a commit. A file that was not downloaded at first is fetched when it is read. A GGUF file needs no others. */
function sourceOf(parts: {
  readonly name: string;
  readonly wanted: HubName;
  readonly commit: string;
  readonly files: readonly HubFile[];
  readonly needed: readonly string[];
  readonly settings: HubSettings;
  readonly store: HubStore;
}): ModelSource {
  const { name, wanted, commit, files, needed, settings, store } = parts;
  const ggufs = needed.filter((path) => path.endsWith('.gguf'));
  return {
    name,
    async file(path) {
      if (ggufs.length > 0 && !ggufs.includes(path)) return undefined;
      const present = await store.file(commit, path);
      const listed = files.find((file) => file.path === path);
      if (present !== undefined || listed === undefined) return present;
      await fetchFile(wanted, commit, listed, settings, store, new Tally(settings));
      return store.file(commit, path);
    },
    async names() {
      if (ggufs.length > 0) return ggufs;
      return files.length > 0 ? files.map(({ path }) => path) : store.names(commit);
    },
  };
}
