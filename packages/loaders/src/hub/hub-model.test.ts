import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  rmSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { downloadFileToCacheDir, scanCachedRepo } from '@huggingface/hub';
import { LoadError } from '@tokenwright/core';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { bytesOf, etagOf, type HubServer, hubServer, sendHead, someBytes, startOf } from '../testing/hub-server.ts';
import { cachedModels, removeCachedModel } from './cached-models.ts';
import { hubModel } from './hub-model.ts';
import type { DownloadProgress, HubOptions } from './hub-options.ts';

const weights = someBytes(300_000);
const contents = {
  'README.md': 'not needed',
  'config.json': '{"model_type":"gpt2"}',
  'tokenizer.json': '{}',
  'vocab.json': 'not needed beside tokenizer.json',
  'pytorch_model.bin': someBytes(5000, 2),
  'model.safetensors': weights,
};
const needed = ['config.json', 'model.safetensors', 'tokenizer.json'];

let hub: HubServer;
let cache: string;
let options: HubOptions;

beforeEach(async () => {
  hub = await hubServer(contents);
  cache = mkdtempSync(join(tmpdir(), 'tokenwright-hub-'));
  options = { endpoint: hub.endpoint, cache, token: false, retries: 2, timeout: 2000 };
});

afterEach(async () => {
  await hub.close();
  rmSync(cache, { recursive: true });
});

async function contentOf(name: string, more: HubOptions = {}, path = 'model.safetensors'): Promise<Buffer> {
  const source = await hubModel(name, { ...options, ...more });
  const file = (await source.file(path))!;
  return Buffer.from(await file.read(0, file.size));
}

const repository = (): string => join(cache, 'models--org--name');
const filesAsked = (): string[] => hub.asked.filter(({ path }) => path.includes('/resolve/')).map(({ path }) => path);
const rangesOf = (path: string): (string | undefined)[] =>
  hub.asked.filter((asked) => asked.path.endsWith(path)).map(({ range }) => range);

describe('a model of a hub', () => {
  it('is fetched once: what is needed, into the folder layout that Python uses', async () => {
    const progress: DownloadProgress[] = [];
    expect(await contentOf('org/name', { onProgress: (at) => progress.push(at) })).toEqual(Buffer.from(weights));
    expect(
      filesAsked()
        .map((path) => path.split('/').at(-1))
        .sort(),
    ).toEqual(needed);
    expect(readFileSync(join(repository(), 'refs', 'main'), 'utf8')).toBe(hub.commit);
    const snapshot = join(repository(), 'snapshots', hub.commit);
    expect(readdirSync(snapshot).sort()).toEqual(needed);
    expect(readlinkSync(join(snapshot, 'model.safetensors'))).toBe(join('..', '..', 'blobs', etagOf(weights)));
    expect(
      readdirSync(join(repository(), 'blobs')).filter((name) => !/^([0-9a-f]{40}|[0-9a-f]{64})$/.test(name)),
    ).toEqual([]);
    const total = needed.reduce((sum, name) => sum + hub.files.get(name)!.length, 0);
    expect(progress.at(-1)).toMatchObject({ loaded: total, total });
    expect(progress.map(({ loaded }) => loaded)).toEqual(progress.map(({ loaded }) => loaded).sort((a, b) => a - b));

    hub.asked.length = 0;
    expect(await contentOf('org/name')).toEqual(Buffer.from(weights));
    expect(filesAsked()).toEqual([]);
  });

  it('is read by @huggingface/hub, and what that fetched is not fetched again', async () => {
    await hubModel('org/name', options);
    const scanned = await scanCachedRepo(repository());
    expect(scanned.revisions[0]).toMatchObject({ commitOid: hub.commit, refs: ['main'] });
    expect(scanned.revisions[0]!.files.length).toBe(needed.length);

    const other = mkdtempSync(join(tmpdir(), 'tokenwright-hub-'));
    const { commit } = hub;
    // The library learns the commit of a file from this call; the server gives a tree with it.
    hub.apiMischief = (request, response) => {
      if (!request.url?.includes('paths-info')) return false;
      const lfs = { oid: etagOf(weights), size: weights.length, pointerSize: 130 };
      const info = {
        type: 'file',
        path: 'model.safetensors',
        size: weights.length,
        oid: 'f',
        lfs,
        lastCommit: { id: commit },
      };
      response.writeHead(200, { 'content-type': 'application/json' }).end(JSON.stringify([info]));
      return true;
    };
    await downloadFileToCacheDir({
      repo: 'org/name',
      path: 'model.safetensors',
      hubUrl: hub.endpoint,
      cacheDir: other,
    });
    hub.asked.length = 0;
    expect(await contentOf('org/name', { cache: other })).toEqual(Buffer.from(weights));
    expect(rangesOf('model.safetensors')).toEqual([]);
    rmSync(other, { recursive: true });
  });

  it('comes from the cache alone when offline', async () => {
    await expect(hubModel('org/name', { ...options, offline: true })).rejects.toThrow(
      /lacks the revision 'main', and offline/,
    );
    await hubModel('org/name', options);
    hub.asked.length = 0;
    expect(await contentOf('org/name', { offline: true })).toEqual(Buffer.from(weights));
    expect(hub.asked).toEqual([]);
    rmSync(join(repository(), 'snapshots', hub.commit, 'model.safetensors'));
    await expect(hubModel('org/name', { ...options, offline: true })).rejects.toThrow(LoadError);
  });

  it('comes from the cache, with a notice, when the hub cannot be reached', async () => {
    await hubModel('org/name', options);
    await hub.close();
    const notices: string[] = [];
    expect(await contentOf('org/name', { onNotice: (text) => notices.push(text) })).toEqual(Buffer.from(weights));
    expect(notices).toEqual([expect.stringMatching(/ECONNREFUSED.*org\/name is taken from the cache as it is/)]);
    await expect(hubModel('org/other', { ...options, retries: 0 })).rejects.toThrow(
      /no answer came \(ECONNREFUSED\), from http/,
    );
  });

  it('has revisions: a branch, a tag, a commit', async () => {
    await hubModel('org/name', { ...options, revision: 'v1' });
    const first = hub.commit;
    expect(readFileSync(join(repository(), 'refs', 'v1'), 'utf8')).toBe(first);
    hub.commit = 'b'.repeat(40);
    hub.files.set('model.safetensors', someBytes(4000, 9));
    expect(await contentOf('org/name')).toEqual(Buffer.from(someBytes(4000, 9)));
    expect(await contentOf('org/name', { revision: 'v1', offline: true })).toEqual(Buffer.from(weights));
    expect(await contentOf('org/name', { revision: first, offline: true })).toEqual(Buffer.from(weights));
    await expect(hubModel('org/name', { ...options, revision: 'nope' })).rejects.toThrow(
      /or none with the revision 'nope' \(404\)/,
    );
    await expect(hubModel('org/name', { ...options, revision: '../../x' })).rejects.toThrow(/leads out/);
  });

  it('may be spread over shards, named by an index', async () => {
    hub.files.delete('model.safetensors');
    hub.files.set('a/one.safetensors', someBytes(3000, 3));
    hub.files.set('two.safetensors', someBytes(3000, 4));
    const index = (file: string): Uint8Array =>
      bytesOf(JSON.stringify({ weight_map: { x: file, y: 'two.safetensors' } }));
    hub.files.set('model.safetensors.index.json', index('a/one.safetensors'));
    expect(await contentOf('org/name', {}, 'a/one.safetensors')).toEqual(Buffer.from(someBytes(3000, 3)));
    expect(readlinkSync(join(repository(), 'snapshots', hub.commit, 'a', 'one.safetensors'))).toMatch(
      /^(\.\.[/\\]){3}blobs/,
    );
    hub.files.set('model.safetensors.index.json', index('three.safetensors'));
    await expect(hubModel('org/name', options)).rejects.toThrow(/names files that the hub lacks: three\.safetensors/);
    hub.files.set('model.safetensors.index.json', index('../../../outside'));
    await expect(hubModel('org/name', options)).rejects.toThrow(/leads out of the model's folder/);
  });

  it.each(['../outside', 'a/../../b', '/etc/passwd', 'C:\\x', 'a//b', './x'])('may not list %s', async (path) => {
    hub.files.set(path, bytesOf('x'));
    await expect(hubModel('org/name', options)).rejects.toThrow(/leads out of the model's folder/);
    expect(filesAsked()).toEqual([]);
  });

  it('is a GGUF by its file name or its quantization', async () => {
    for (const name of ['small-Q4_K_M.gguf', 'small-Q4_K_S.gguf', 'small-q8_0.gguf'])
      hub.files.set(name, bytesOf(name));
    const chosen = async (file: string): Promise<readonly string[]> =>
      (await hubModel(`org/name:${file}`, options)).names!();
    expect(await chosen('small-Q4_K_S.gguf')).toEqual(['small-Q4_K_S.gguf']);
    expect(await chosen('q4_k_m')).toEqual(['small-Q4_K_M.gguf']);
    expect(await chosen('Q8_0')).toEqual(['small-q8_0.gguf']);
    await expect(chosen('Q4_K')).rejects.toThrow(/has no .gguf file 'Q4_K'; there is: small-Q4_K_M\.gguf, /);
    await expect(chosen('small')).rejects.toThrow(/has several \.gguf files for 'small'/);
    expect(filesAsked().length).toBe(3);
    for (const name of Object.keys(contents)) hub.files.delete(name);
    await expect(hubModel('org/name', options)).rejects.toThrow(
      /several \.gguf files; there is: .*Name one: org\/name:small/,
    );
    hub.files.delete('small-q8_0.gguf');
    hub.files.delete('small-Q4_K_S.gguf');
    expect(await (await hubModel('org/name', options)).names!()).toEqual(['small-Q4_K_M.gguf']);
  });

  it('is asked for with the token, at the endpoint alone', async () => {
    let elsewhere: string | undefined = 'not asked';
    const other = await hubServer({ 'model.safetensors': weights });
    hub.mischief = (_, response, { path }) => {
      if (path !== 'model.safetensors') return false;
      response.writeHead(302, { location: `${other.endpoint}/org/name/resolve/x/model.safetensors` }).end();
      return true;
    };
    await hubModel('org/name', { ...options, token: 'secret' });
    elsewhere = other.asked[0]!.authorization;
    expect(new Set(hub.asked.map(({ authorization }) => authorization))).toEqual(new Set(['Bearer secret']));
    expect(elsewhere).toBeUndefined();
    await other.close();
  });

  it.each([
    ['org', /is not a name of a model/],
    ['../name', /is not a name of a model/],
    ['org/na me', /is not a name of a model/],
    ['org/name:', /lacks what follows/],
  ])('is not named %s', (name, message) => expect(hubModel(name, options)).rejects.toThrow(message));

  it('takes its own options only', async () => {
    await expect(hubModel('org/name', { revison: 'x' } as HubOptions)).rejects.toThrow(/Did you mean 'revision'/);
    await expect(hubModel('org/name', { ...options, endpoint: 'hub' })).rejects.toThrow(/endpoint must be a URL/);
    await expect(hubModel('org/name', { ...options, retries: -1 })).rejects.toThrow(/retries must be an integer/);
  });
});

describe('a server that', () => {
  const once = (mischief: NonNullable<HubServer['mischief']>): void => {
    hub.mischief = (request, response, file) => {
      if (file.path !== 'model.safetensors') return false;
      hub.mischief = undefined;
      return mischief(request, response, file);
    };
  };

  it('is cut off: the rest is asked for', async () => {
    once((_, response, file) => {
      sendHead(response, file, 0);
      response.write(file.bytes.subarray(0, 100_000), () => response.destroy());
      return true;
    });
    expect(await contentOf('org/name')).toEqual(Buffer.from(weights));
    const [first, second] = rangesOf('model.safetensors');
    expect(first).toBe('bytes=0-');
    expect(Number(/\d+/.exec(second!)![0])).toBeGreaterThan(0);
  });

  it('is cut off for good: the next call continues from there', async () => {
    hub.mischief = (request, response, file) => {
      if (file.path !== 'model.safetensors') return false;
      if (startOf(request) > 0) return Boolean(response.destroy());
      sendHead(response, file, 0);
      response.write(file.bytes.subarray(0, 100_000), () => response.destroy());
      return true;
    };
    await expect(hubModel('org/name', { ...options, retries: 0 })).rejects.toThrow(LoadError);
    expect(namesIn(join(repository(), 'snapshots', hub.commit))).not.toContain('model.safetensors');
    hub.mischief = undefined;
    hub.asked.length = 0;
    expect(await contentOf('org/name')).toEqual(Buffer.from(weights));
    expect(rangesOf('model.safetensors')).toEqual([expect.not.stringContaining('bytes=0-')]);
  });

  it('goes silent is left, and asked again', async () => {
    once((_, response, file) => {
      sendHead(response, file, 0);
      return response.write(file.bytes.subarray(0, 50_000)) || true;
    });
    expect(await contentOf('org/name', { timeout: 150 })).toEqual(Buffer.from(weights));
    expect(rangesOf('model.safetensors').length).toBe(2);
  });

  it('is slow is waited for', async () => {
    once((_, response, file) => {
      sendHead(response, file, 0);
      const send = (at: number): void => {
        if (at >= file.bytes.length) return void response.end();
        response.write(file.bytes.subarray(at, at + 60_000));
        setTimeout(send, 60, at + 60_000);
      };
      send(0);
      return true;
    });
    // Five pauses, each shorter than the time limit, together longer.
    expect(await contentOf('org/name', { timeout: 200 })).toEqual(Buffer.from(weights));
    expect(rangesOf('model.safetensors')).toEqual(['bytes=0-']);
  });

  it('answers 500 and 429, then well', async () => {
    let failures = 0;
    hub.mischief = (_, response, file) => {
      if (file.path !== 'model.safetensors' || failures >= 2) return false;
      response.writeHead(failures++ === 0 ? 500 : 429, { 'retry-after': '0' }).end('trouble');
      return true;
    };
    let apiFailures = 0;
    hub.apiMischief = (_, response) => {
      if (apiFailures++ > 0) return false;
      response.writeHead(503).end();
      return true;
    };
    expect(await contentOf('org/name')).toEqual(Buffer.from(weights));
    expect(rangesOf('model.safetensors').length).toBe(3);
  });

  it('answers 500 always is given up', async () => {
    hub.apiMischief = (_, response) => Boolean(response.writeHead(500, { 'retry-after': '0' }).end());
    await expect(hubModel('org/name', options)).rejects.toThrow(
      /^org\/name: the server answered 500 again and again, from http/,
    );
    expect(hub.asked.length).toBe(3);
  });

  it.each([
    [401, /for a private one give a token|For a private one give a token/],
    [403, /conditions to accept at http.*\/org\/name/],
    [404, /has no such model/],
  ])('answers %d is believed at once', async (status, message) => {
    hub.apiMischief = (_, response) => Boolean(response.writeHead(status).end());
    await expect(hubModel('org/name', options)).rejects.toThrow(message);
    expect(hub.asked.length).toBe(1);
    hub.apiMischief = undefined;
    hub.mischief = (_, response) => Boolean(response.writeHead(status).end());
    await expect(hubModel('org/name', options)).rejects.toThrow(LoadError);
  });

  it.each([
    ['no JSON', '<html>', '[]'],
    ['no commit', '{}', '[]'],
    ['a commit that is none', '{"sha":"../../x"}', '[]'],
    ['no list', undefined, '{"error":1}'],
    ['nothing', undefined, 'null'],
    ['files without names', undefined, '[{"type":"file","size":1,"oid":"a"}]'],
    ['files without sizes', undefined, '[{"type":"file","path":"config.json","oid":"a"}]'],
    ['files without etags', undefined, '[{"type":"file","path":"config.json","size":1}]'],
    ['etags that lead out', undefined, '[{"type":"file","path":"config.json","size":1,"oid":"../x"}]'],
    ['negative sizes', undefined, '[{"type":"file","path":"config.json","size":-1,"oid":"a"}]'],
  ])('lists %s is refused', async (_, info, tree) => {
    hub.apiMischief = (request, response) => {
      const answer = request.url?.includes('/tree/') ? tree : info;
      if (answer === undefined) return false;
      response.writeHead(200, { 'content-type': 'application/json' }).end(answer);
      return true;
    };
    await expect(hubModel('org/name', options)).rejects.toThrow(LoadError);
    expect(filesAsked()).toEqual([]);
  });

  it('lists in several pages are read to the end', async () => {
    const pages: string[] = [];
    hub.apiMischief = (request, response) => {
      if (!request.url?.includes('/tree/')) return false;
      pages.push(request.url);
      const entry = (path: string, bytes: Uint8Array): object => ({
        type: 'file',
        path,
        size: bytes.length,
        oid: etagOf(bytes),
        ...(path.endsWith('.safetensors') && { lfs: { oid: etagOf(bytes), size: bytes.length } }),
      });
      const entries = [...hub.files].map(([path, bytes]) => entry(path, bytes));
      const first = pages.length === 1;
      response.writeHead(200, first ? { link: `<${request.url}&cursor=2>; rel="next"` } : {});
      response.end(JSON.stringify(first ? entries.slice(0, 1) : [{ type: 'directory' }, ...entries.slice(1)]));
      return true;
    };
    expect(await contentOf('org/name')).toEqual(Buffer.from(weights));
    expect(pages.map((page) => page.includes('cursor=2'))).toEqual([false, true]);
  });

  it('lists without end is left', async () => {
    hub.apiMischief = (request, response) => {
      if (!request.url?.includes('/tree/')) return false;
      response.writeHead(200, { link: `<${hub.endpoint}${request.url}>; rel="next"` }).end('[]');
      return true;
    };
    await expect(hubModel('org/name', options)).rejects.toThrow(/more than 200 pages/);
  });

  it.each<[string, NonNullable<HubServer['mischief']>]>([
    [
      'sends other bytes than it says',
      (request, response, file) => {
        const from = startOf(request);
        sendHead(response, file, from);
        return Boolean(response.end(file.bytes.subarray(from).map((byte) => byte ^ 1)));
      },
    ],
    [
      'has a file of another length',
      (_, response, file) => {
        sendHead(response, { ...file, bytes: file.bytes.subarray(0, 1000) }, 0);
        return Boolean(response.end(file.bytes.subarray(0, 1000)));
      },
    ],
    [
      'sends too much',
      (_, response, file) => {
        response.writeHead(200);
        return Boolean(response.end(Buffer.concat([file.bytes, file.bytes])));
      },
    ],
    [
      'sends too little',
      (_, response, file) => {
        response.writeHead(200);
        return Boolean(response.end(file.bytes.subarray(0, 10)));
      },
    ],
    [
      'sends another range',
      (_, response, file) => {
        sendHead(response, file, 7);
        return Boolean(response.end(file.bytes.subarray(7)));
      },
    ],
    ['knows no such range', (_, response) => Boolean(response.writeHead(416, { 'content-range': 'bytes */5' }).end())],
    ['sends nothing', (_, response) => Boolean(response.writeHead(206).end())],
  ])('always %s is an error, and nothing is kept', async (_, mischief) => {
    hub.mischief = (request, response, file) =>
      file.path === 'model.safetensors' ? mischief(request, response, file) : false;
    const error = await hubModel('org/name', { ...options, retries: 1 }).catch((cause: unknown) => cause);
    expect(error).toBeInstanceOf(LoadError);
    expect((error as LoadError).message).toMatch(/model\.safetensors/);
    expect(namesIn(join(repository(), 'snapshots', hub.commit))).not.toContain('model.safetensors');
    expect(namesIn(join(repository(), 'blobs'))).not.toContain(etagOf(weights));
    hub.mischief = undefined;
    expect(await contentOf('org/name')).toEqual(Buffer.from(weights));
  });

  it('ignores ranges sends the file again from the start', async () => {
    let cut = true;
    hub.mischief = (_, response, file) => {
      if (file.path !== 'model.safetensors') return false;
      response.writeHead(200, { etag: '"x"' });
      if (!cut) return Boolean(response.end(file.bytes));
      cut = false;
      response.write(file.bytes.subarray(0, 70_000), () => response.destroy());
      return true;
    };
    expect(await contentOf('org/name')).toEqual(Buffer.from(weights));
  });

  it('changes the file in the middle is asked for all of it again', async () => {
    const old = someBytes(300_000, 5);
    once((_, response, file) => {
      sendHead(response, { ...file, bytes: old, etag: etagOf(old) }, 0);
      response.write(old.subarray(0, 100_000), () => response.destroy());
      return true;
    });
    expect(await contentOf('org/name')).toEqual(Buffer.from(weights));
    expect(rangesOf('model.safetensors').at(-1)).toBe('bytes=0-');
  });

  it('changed the file between two calls: the old bytes are found out by the checksum', async () => {
    const blobs = join(repository(), 'blobs');
    mkdirSync(blobs, { recursive: true });
    const partial = join(blobs, `${etagOf(weights)}.incomplete`);
    writeFileSync(partial, someBytes(100_000, 6));
    utimesSync(partial, 1, 1);
    expect(await contentOf('org/name')).toEqual(Buffer.from(weights));
    expect(rangesOf('model.safetensors')).toEqual(['bytes=100000-', 'bytes=0-']);
  });

  it('is stopped by a signal; what came is kept', async () => {
    const controller = new AbortController();
    hub.mischief = (_, response, file) => {
      if (file.path !== 'model.safetensors') return false;
      sendHead(response, file, 0);
      response.write(file.bytes.subarray(0, 100_000));
      return true;
    };
    const stopped = hubModel('org/name', {
      ...options,
      signal: controller.signal,
      onProgress: ({ loaded }) => loaded > 90_000 && controller.abort(),
    });
    await expect(stopped).rejects.toThrow(/abort/i);
    hub.mischief = undefined;
    hub.asked.length = 0;
    expect(await contentOf('org/name')).toEqual(Buffer.from(weights));
    expect(rangesOf('model.safetensors')).toEqual([expect.not.stringContaining('bytes=0-')]);
  });
});

it('two at once fetch each file once', async () => {
  const both = await Promise.all([contentOf('org/name'), contentOf('org/name')]);
  expect(both).toEqual([Buffer.from(weights), Buffer.from(weights)]);
  expect(rangesOf('model.safetensors').length).toBe(1);
});

it('the cache can be listed, and a model removed', async () => {
  expect(await cachedModels({ cache })).toEqual([]);
  await hubModel('org/name', options);
  const bytes = needed.reduce((sum, name) => sum + hub.files.get(name)!.length, 0);
  expect(await cachedModels({ cache })).toEqual([{ name: 'org/name', bytes, revisions: ['main'] }]);
  await removeCachedModel('org/name', { cache });
  await removeCachedModel('org/name', { cache });
  expect(await cachedModels({ cache })).toEqual([]);
});

/** What is in a folder; nothing when the first file failed before there was one. */
function namesIn(folder: string): string[] {
  return existsSync(folder) ? readdirSync(folder) : [];
}
