import { LoadError } from '@tokenwright/core';
import { isObject, type JsonObject } from '../sources/json.ts';
import { checkFileName } from '../sources/model-source.ts';
import type { HubSettings } from './hub-options.ts';
import { patientFetch, refusal } from './patient-fetch.ts';
import type { HubFile } from './store/hub-file.ts';

/** The commit of a revision, and the files in it. */
export interface HubListing {
  readonly commit: string;
  readonly files: readonly HubFile[];
}

/** The hub lists files in pages of a thousand. */
const maxPages = 200;

/**
 * Looks up a model's commit and lists its files with two requests to the Hugging Face Hub's HTTP API. This does not use
 * `@huggingface/hub`, because its Node modules (the cache and the command line) break browser bundles.
 *
 * @throws LoadError when the hub cannot be reached, refuses, or lists a file whose name leads out of the model's folder.
 */
export async function listModel(repository: string, settings: HubSettings): Promise<HubListing> {
  const request = patientFetch(repository, settings);
  const address = `${settings.endpoint}/api/models/${repository}`;
  const get = async (url: string): Promise<{ readonly body: unknown; readonly next: string | undefined }> => {
    const response = await request(url, { headers: { accept: 'application/json' } });
    if (!response.ok) throw refusal(repository, settings, response.status);
    return { body: await response.json(), next: nextPage(response, url) };
  };
  try {
    const revision = encodeURIComponent(settings.revision);
    const { body } = await get(`${address}/revision/${revision}?expand=sha`);
    const commit = isObject(body) ? body.sha : undefined;
    if (typeof commit !== 'string' || !/^[0-9a-f]{40}$/.test(commit))
      throw new LoadError(repository, `${settings.endpoint} names no commit for the revision '${settings.revision}'`);
    const files: HubFile[] = [];
    let url: string | undefined = `${address}/tree/${commit}?recursive=true`;
    for (let page = 0; url !== undefined; page++) {
      if (page === maxPages) throw new LoadError(repository, `the list of files has more than ${maxPages} pages`);
      const { body: entries, next } = await get(url);
      if (!Array.isArray(entries)) throw new TypeError('the list of files is not an array');
      for (const entry of entries)
        if (!isObject(entry)) throw new TypeError('an entry of the list of files is not an object');
        else if (entry.type === 'file') files.push(fileOf(repository, entry));
      url = next;
    }
    return { commit, files };
  } catch (error) {
    if (error instanceof LoadError) throw error;
    settings.signal?.throwIfAborted();
    throw new LoadError(repository, `${settings.endpoint} sent no list of files that can be read`, undefined, {
      cause: error,
    });
  }
}

function fileOf(repository: string, { path, size, oid, lfs }: JsonObject): HubFile {
  if (typeof path !== 'string') throw new TypeError('a file of the list has no path');
  checkFileName(repository, path);
  const large = isObject(lfs) ? lfs : {};
  const etag = large.oid ?? oid;
  const bytes = large.size ?? size;
  if (typeof etag !== 'string' || !/^[\w-][\w.-]*$/.test(etag) || !Number.isSafeInteger(bytes) || (bytes as number) < 0)
    throw new LoadError(repository, 'the hub lists it without a usable size and etag', path);
  return { path, size: bytes as number, etag };
}

/** The address of the next page: `<https://...>; rel="next"` in the link header. */
function nextPage(response: Response, url: string): string | undefined {
  const [, next] = /<([^>]+)>;\s*rel="next"/.exec(response.headers.get('link') ?? '') ?? [];
  return next === undefined ? undefined : new URL(next, url).href;
}
