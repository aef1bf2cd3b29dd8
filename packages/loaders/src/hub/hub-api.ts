import { LoadError } from '@tokenwright/core';
import { checkFileName } from '../sources/model-source.ts';
import type { HubFile } from './hub-file.ts';
import type { HubSettings } from './hub-options.ts';
import { patientFetch, refusal } from './patient-fetch.ts';

/** The commit that a revision stands for, and the files that it has. */
export interface HubListing {
  readonly commit: string;
  readonly files: readonly HubFile[];
}

/** A list of files comes in pages of a thousand, each of which names the next. */
const mostPages = 200;

/**
 * What a hub says of a model, by @huggingface/hub.
 *
 * @throws LoadError when the hub cannot be reached, refuses, or lists a file whose name leads out of the model.
 */
export async function listModel(repository: string, settings: HubSettings): Promise<HubListing> {
  // Only now: a page that never asks a hub does not load it.
  const { HubApiError, listFiles, modelInfo } = await import('@huggingface/hub');
  const request = patientFetch(repository, settings);
  let pages = 0;
  const counted: typeof fetch = (...args) => {
    if (++pages > mostPages) throw new LoadError(repository, `the list of files has more than ${mostPages} pages`);
    return request(...args);
  };
  const access = { hubUrl: settings.endpoint, fetch: counted };
  try {
    const { sha } = await modelInfo({
      ...access,
      name: repository,
      revision: settings.revision,
      additionalFields: ['sha'],
    });
    if (typeof sha !== 'string' || !/^[0-9a-f]{40}$/.test(sha))
      throw new LoadError(repository, `${settings.endpoint} names no commit for the revision '${settings.revision}'`);
    const files: HubFile[] = [];
    for await (const { type, path, size, oid, lfs } of listFiles({
      ...access,
      repo: repository,
      revision: sha,
      recursive: true,
    })) {
      if (type !== 'file') continue;
      checkFileName(repository, path);
      const etag = lfs?.oid ?? oid ?? '';
      const bytes = lfs?.size ?? size;
      if (!/^[\w.-]+$/.test(etag) || etag.startsWith('.') || !Number.isSafeInteger(bytes) || bytes < 0)
        throw new LoadError(repository, 'the hub lists it without a size and an etag that can be used', path);
      files.push({ path, size: bytes, etag });
    }
    return { commit: sha, files };
  } catch (error) {
    if (error instanceof HubApiError) throw refusal(repository, settings, error.statusCode, error);
    if (error instanceof LoadError) throw error;
    settings.signal?.throwIfAborted();
    throw new LoadError(repository, `${settings.endpoint} sent no list of files that can be read`, undefined, {
      cause: error,
    });
  }
}
