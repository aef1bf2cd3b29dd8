import { cachedModels, hubModel, removeCachedModel } from '@tokenwright/loaders';
import { expect, it } from 'vitest';

const commit = 'a'.repeat(40);
/** Longer than one part of the store, so that a finished part remains after an interruption. */
const weights = Uint8Array.from({ length: 17 * 1024 * 1024 }, (_, at) => (at * 7919) >>> 8);

/** A hub in the page: a `fetch` that answers like a hub and fails after `breakAfter` bytes. */
function fakeHub(files: Record<string, { readonly bytes: Uint8Array; readonly etag: string }>) {
  const hub = { ranges: [] as string[], breakAfter: Infinity, fetch };
  hub.fetch = async (input, init) => {
    const { pathname } = new URL(String(input));
    if (pathname.includes('/revision/'))
      return Response.json({ _id: '1', id: 'org/name', sha: commit, lastModified: '2026-01-01T00:00:00.000Z' });
    if (pathname.includes('/tree/'))
      return Response.json(
        Object.entries(files).map(([path, { bytes, etag }]) => ({
          type: 'file',
          path,
          size: bytes.length,
          oid: etag,
          ...(etag.length === 64 ? { lfs: { oid: etag, size: bytes.length, pointerSize: 130 } } : {}),
        })),
      );
    const { bytes, etag } = files[pathname.split('/').at(-1)!]!;
    const range = new Headers(init?.headers).get('range')!;
    hub.ranges.push(range);
    const from = Number(/\d+/.exec(range)![0]);
    const end = Math.min(bytes.length, hub.breakAfter);
    let at = from;
    const body = new ReadableStream<Uint8Array>({
      pull(controller) {
        if (at < end) {
          const next = Math.min(end, at + 1_000_000);
          controller.enqueue(bytes.subarray(at, next));
          at = next;
        } else if (end < bytes.length) controller.error(new TypeError('the connection broke'));
        else controller.close();
      },
    });
    const headers = { etag: `"${etag}"`, 'content-range': `bytes ${from}-${bytes.length - 1}/${bytes.length}` };
    return new Response(body, { status: 206, headers });
  };
  return hub;
}

async function hex(algorithm: string, ...parts: BlobPart[]): Promise<string> {
  const hash = await crypto.subtle.digest(algorithm, await new Blob(parts).arrayBuffer());
  return Array.from(new Uint8Array(hash), (byte) => byte.toString(16).padStart(2, '0')).join('');
}

it('a page stores downloaded models in its private file system, resumes an interrupted download, and reads them offline', async () => {
  const config = new TextEncoder().encode('{"model_type":"gpt2"}');
  const hub = fakeHub({
    'config.json': { bytes: config, etag: await hex('SHA-1', `blob ${config.length}\0`, config) },
    'model.safetensors': { bytes: weights, etag: await hex('SHA-256', weights) },
  });
  const cache = `test-${crypto.randomUUID()}`;
  const place = { cache, endpoint: 'https://hub.test' };
  const options = { ...place, fetch: hub.fetch, retries: 0 };

  hub.breakAfter = 16.5 * 1024 * 1024;
  await expect(hubModel('org/name', options)).rejects.toThrow(/no answer came \(the connection broke\)/);
  await expect(hubModel('org/name', { ...options, offline: true })).rejects.toThrow(/lacks the revision/);

  hub.breakAfter = Infinity;
  hub.ranges.length = 0;
  const seen: number[] = [];
  await hubModel('org/name', { ...options, onProgress: ({ loaded }) => seen.push(loaded) });
  // The finished part is not requested again.
  expect(hub.ranges).toEqual([`bytes=${16 * 1024 * 1024}-`]);
  expect(seen.at(-1)).toBe(weights.length + config.length);

  hub.ranges.length = 0;
  const offline = await hubModel('org/name', { ...options, offline: true });
  const file = (await offline.file('model.safetensors'))!;
  expect(file.size).toBe(weights.length);
  const around = 16 * 1024 * 1024;
  expect(await file.read(around - 100, around + 100)).toEqual(weights.slice(around - 100, around + 100));
  expect(await offline.names!()).toEqual(['config.json', 'model.safetensors']);
  expect(hub.ranges).toEqual([]);

  const bytes = weights.length + config.length;
  expect(await cachedModels(place)).toEqual([{ name: 'org/name', bytes, revisions: ['main'] }]);
  await removeCachedModel('org/name', place);
  expect(await cachedModels(place)).toEqual([]);
  const root = await navigator.storage.getDirectory();
  await root.removeEntry(cache, { recursive: true });
});

it('a page rejects bytes that differ from the checksum that the hub lists', async () => {
  const bytes = new Uint8Array(20_000_000);
  const hub = fakeHub({
    'config.json': { bytes: new Uint8Array(2), etag: await hex('SHA-1', 'blob 2\0', new Uint8Array(2)) },
    'model.safetensors': { bytes, etag: 'e'.repeat(64) },
  });
  const cache = `test-${crypto.randomUUID()}`;
  const options = { cache, endpoint: 'https://hub.test', fetch: hub.fetch, retries: 0 };
  const found = await hex('SHA-256', bytes);
  await expect(hubModel('org/name', options)).rejects.toThrow(
    `model.safetensors: the downloaded file has SHA-256 ${found}, but the Hugging Face Hub lists eee`,
  );
  const root = await navigator.storage.getDirectory();
  await root.removeEntry(cache, { recursive: true });
});
