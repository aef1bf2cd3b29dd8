import { mkdtemp, rm, truncate, writeFile } from 'node:fs/promises';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { LoadError, ParameterError } from '@tokenwright/core';
import { afterEach, describe, expect, it } from 'vitest';
import {
  type ByteSource,
  blobSource,
  bytesSource,
  fileSource,
  readRange,
  responseSource,
  urlSource,
} from './byte-source.ts';

const content = Uint8Array.from({ length: 200_000 }, (_, i) => (i * 7) % 251);
const cleanUp: (() => unknown)[] = [];
afterEach(async () => {
  for (const step of cleanUp.splice(0)) await step();
});

async function serve(
  answer: (request: IncomingMessage, response: ServerResponse) => void,
): Promise<{ url: string; server: Server }> {
  const server = createServer(answer);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  cleanUp.push(() => {
    server.closeAllConnections();
    server.close();
  });
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/model.safetensors`, server };
}

function ranges(etag: () => string = () => '"1"', asked: string[] = []) {
  return (request: IncomingMessage, response: ServerResponse): void => {
    const [, from, to] = /bytes=(\d+)-(\d+)/.exec(request.headers.range ?? '') ?? [];
    asked.push(`${from}-${to}`);
    const last = Math.min(Number(to), content.length - 1);
    response.writeHead(206, { 'content-range': `bytes ${from}-${last}/${content.length}`, etag: etag() });
    response.end(content.subarray(Number(from), last + 1));
  };
}

async function temporaryFile(): Promise<string> {
  const path = await mkdtemp(join(tmpdir(), 'loaders-'));
  cleanUp.push(() => rm(path, { recursive: true }));
  await writeFile(join(path, 'file'), content);
  return join(path, 'file');
}

describe.each<[string, () => Promise<ByteSource>]>([
  ['bytesSource', async () => bytesSource(content)],
  ['bytesSource of a view', async () => bytesSource(new Uint8Array([9, ...content]).subarray(1))],
  ['bytesSource of an ArrayBuffer', async () => bytesSource(content.buffer)],
  ['blobSource', async () => blobSource(new Blob([content]))],
  ['fileSource', async () => fileSource(await temporaryFile())],
  ['fileSource of a URL', async () => fileSource(pathToFileURL(await temporaryFile()))],
  ['urlSource with ranges', async () => urlSource((await serve(ranges())).url)],
  ['urlSource without ranges', async () => urlSource((await serve((_, response) => response.end(content))).url)],
  ['responseSource', async () => responseSource(new Response(content))],
])('%s', (_, open) => {
  it('reads any range, as a copy', async () => {
    const source = await open();
    expect(source.size).toBe(content.length);
    for (const [from, to] of [
      [0, 10],
      [65_530, 65_540],
      [199_990, 200_000],
      [0, 200_000],
      [7, 7],
      [200_000, 200_000],
    ] as const)
      expect(await source.read(from, to)).toEqual(content.slice(from, to));
    (await source.read(0, 3)).fill(255);
    expect(await source.read(0, 3)).toEqual(content.slice(0, 3));
  });
});

describe('blobSource', () => {
  it('takes its name from a File', () => {
    expect(blobSource(new File([], 'a.json')).name).toBe('a.json');
    expect(blobSource(new Blob([])).name).toBe('blob');
  });
});

describe('fileSource', () => {
  it('refuses a file that is not there', async () => {
    await expect(fileSource('/nowhere/model.safetensors')).rejects.toThrow(
      '/nowhere/model.safetensors: the file cannot be opened',
    );
  });

  it('says so when the file gets shorter', async () => {
    const path = await temporaryFile();
    const source = await fileSource(path);
    await truncate(path, 100);
    await expect(source.read(90, 200)).rejects.toThrow('ends at byte 100, but had 200000 bytes when it was opened');
  });

  it('says so when the file goes away', async () => {
    const path = await temporaryFile();
    const source = await fileSource(path);
    await rm(path);
    await expect(source.read(0, 1)).rejects.toThrow(LoadError);
  });
});

describe('urlSource', () => {
  it('asks for the first part and then only for what it lacks', async () => {
    const asked: string[] = [];
    const source = await urlSource((await serve(ranges(undefined, asked))).url);
    await source.read(0, 65_536);
    await source.read(100_000, 100_001);
    expect(asked).toEqual(['0-65535', '100000-100000']);
  });

  it('reads an empty file', async () => {
    const { url } = await serve((_, response) => response.writeHead(416, { 'content-range': 'bytes */0' }).end());
    expect((await urlSource(url)).size).toBe(0);
  });

  it('fetches the whole file when the server hides its size', async () => {
    const { url } = await serve((request, response) => {
      if (request.headers.range === undefined) response.end(content);
      else response.writeHead(206, { 'content-range': 'bytes 0-65535/*' }).end(content.subarray(0, 65_536));
    });
    const source = await urlSource(url);
    expect(await source.read(199_999, 200_000)).toEqual(content.slice(199_999));
  });

  it.each<[string, (request: IncomingMessage, response: ServerResponse) => void, RegExp]>([
    ['a refusal', (_, response) => response.writeHead(404).end(), /the server answered 404 Not Found/],
    [
      'a web page',
      (_, response) => response.writeHead(200, { 'content-type': 'text/html; charset=utf-8' }).end('\n<!DOCTYPE html>'),
      /the server sent a web page \(text\/html\) instead of the file/,
    ],
    ['a broken connection', (request) => request.socket.destroy(), /the request failed/],
    [
      'a body that is too short',
      (_, response) => response.writeHead(206, { 'content-range': `bytes 0-65535/200000` }).end('short'),
      /the server sent 5 bytes instead of 65536/,
    ],
  ])('reports %s', async (_, answer, message) => {
    const { url } = await serve(answer);
    const error = await urlSource(url, { name: 'weights' }).catch((e: unknown) => e);
    expect(error).toBeInstanceOf(LoadError);
    expect((error as LoadError).file).toBe('weights');
    expect((error as LoadError).message).toMatch(message);
  });

  it('takes a file for what it is that a server calls HTML', async () => {
    const { url } = await serve((_, response) =>
      response.writeHead(200, { 'content-type': 'text/html' }).end('<|user|>{{ messages }}'),
    );
    expect((await urlSource(url)).size).toBe(22);
  });

  it('says so when the file changes between two reads', async () => {
    let version = 0;
    const source = await urlSource((await serve(ranges(() => `"${version++}"`))).url);
    await expect(source.read(100_000, 100_010)).rejects.toThrow('the file changed while it was read');
  });

  it('says so when the server stops answering ranges', async () => {
    let first = true;
    const { url } = await serve((request, response) => {
      if (first) ranges()(request, response);
      else response.end(content);
      first = false;
    });
    const source = await urlSource(url);
    await expect(source.read(100_000, 100_010)).rejects.toThrow(
      'the server answered 200 instead of bytes 100000 to 100010',
    );
  });

  it('sends the headers and obeys the signal', async () => {
    let authorization: string | undefined;
    const { url } = await serve((request, response) => {
      authorization = request.headers.authorization;
      ranges()(request, response);
    });
    const controller = new AbortController();
    const source = await urlSource(url, { headers: { authorization: 'Bearer x' }, signal: controller.signal });
    expect(authorization).toBe('Bearer x');
    controller.abort();
    await expect(source.read(100_000, 100_010)).rejects.toThrow(expect.objectContaining({ name: 'AbortError' }));
  });
});

describe('readRange', () => {
  it.each([
    [-1, 2],
    [3, 2],
    [0, 200_001],
    [0.5, 1],
    [Number.NaN, 1],
  ])('refuses %d to %d', async (from, to) => {
    await expect(readRange(bytesSource(content), from, to)).rejects.toThrow(ParameterError);
  });
});
