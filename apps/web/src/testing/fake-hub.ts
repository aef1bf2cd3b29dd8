import { createHash } from 'node:crypto';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { BrowserContext } from 'playwright';

const commit = 'a'.repeat(40);

/** Answer for huggingface.co, within a browser, with one model: the files of a folder under the name `name`. */
export async function fakeHub(context: BrowserContext, name: string, folder: string): Promise<{ downloads: string[] }> {
  const downloads: string[] = [];
  const contents = new Map(readdirSync(folder).map((path) => [path, readFileSync(join(folder, path))]));
  const headers = { 'access-control-allow-origin': '*', 'access-control-expose-headers': '*' };
  const listing = [...contents].map(([path, bytes]) => {
    const sha256 = createHash('sha256').update(bytes).digest('hex');
    const oid = createHash('sha1').update(`blob ${bytes.length}\0`).update(bytes).digest('hex');
    return {
      type: 'file',
      path,
      size: bytes.length,
      oid,
      ...(bytes.length > 1000 ? { lfs: { oid: sha256, size: bytes.length } } : {}),
    };
  });
  await context.route('https://huggingface.co/**', async (route) => {
    const { pathname } = new URL(route.request().url());
    if (route.request().method() === 'OPTIONS')
      return route.fulfill({ status: 204, headers: { ...headers, 'access-control-allow-headers': '*' } });
    if (pathname.startsWith('/api/'))
      return route.fulfill({
        headers,
        json: pathname.includes('/tree/') ? listing : { _id: '1', id: name, sha: commit },
      });
    const path = decodeURIComponent(pathname.split(`/resolve/${commit}/`)[1] ?? '');
    const bytes = contents.get(path);
    if (bytes === undefined) return route.fulfill({ status: 404, headers });
    downloads.push(path);
    const { oid, lfs } = listing.find((file) => file.path === path)! as { oid: string; lfs?: { oid: string } };
    const from = Number(/^bytes=(\d+)-/.exec(route.request().headers().range ?? '')?.[1] ?? 0);
    return route.fulfill({
      status: 206,
      headers: {
        ...headers,
        etag: `"${lfs?.oid ?? oid}"`,
        'content-range': `bytes ${from}-${bytes.length - 1}/${bytes.length}`,
      },
      body: bytes.subarray(from),
    });
  });
  return { downloads };
}
