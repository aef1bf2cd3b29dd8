import { createHash } from 'node:crypto';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';

/** How a server treats one request for a file; `next` answers as it should. */
export type Mischief = (request: IncomingMessage, response: ServerResponse, file: ServedFile) => boolean | undefined;

export interface ServedFile {
  readonly path: string;
  readonly bytes: Uint8Array;
  readonly etag: string;
  readonly large: boolean;
}

/** What was asked of the server. */
export interface Asked {
  readonly path: string;
  readonly range: string | undefined;
  readonly authorization: string | undefined;
}

export interface HubServer {
  readonly endpoint: string;
  readonly asked: Asked[];
  /** Files of the repository, which may be changed. */
  readonly files: Map<string, Uint8Array>;
  commit: string;
  /** Called for each request of a file, until it returns true, which means that it has answered. */
  mischief: Mischief | undefined;
  /** Called for each request of the API. */
  apiMischief: Mischief | undefined;
  /** Bytes of files that were sent. */
  sent: number;
  close(): Promise<void>;
}

/** Files over this length are listed as large ones, with their SHA-256. */
const large = 1000;

/** A hub on loopback with the repository org/name, that can be made to misbehave. */
export async function hubServer(files: Record<string, Uint8Array | string>): Promise<HubServer> {
  const server = createServer((request, response) => {
    const url = new URL(request.url ?? '/', 'http://hub');
    const { range, authorization } = request.headers;
    hub.asked.push({ path: url.pathname, range, authorization });
    const nobody: ServedFile = { path: '', bytes: new Uint8Array(), etag: '', large: false };
    if (url.pathname.startsWith('/api/')) {
      if (hub.apiMischief?.(request, response, nobody)) return;
      answerApi(url, hub, response);
      return;
    }
    const path = /^\/org\/name\/resolve\/[^/]+\/(.+)$/.exec(url.pathname)?.[1];
    const bytes = path === undefined ? undefined : hub.files.get(decodeURIComponent(path));
    if (path === undefined || bytes === undefined) {
      response.writeHead(404, { 'x-error-code': 'EntryNotFound' }).end();
      return;
    }
    const file = served(decodeURIComponent(path), bytes);
    if (hub.mischief?.(request, response, file)) return;
    const from = startOf(request);
    sendHead(response, file, from);
    hub.sent += file.bytes.length - from;
    response.end(file.bytes.subarray(from));
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const hub: HubServer = {
    endpoint: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    asked: [],
    files: new Map(
      Object.entries(files).map(([path, content]) => [path, typeof content === 'string' ? bytesOf(content) : content]),
    ),
    commit: 'a'.repeat(40),
    mischief: undefined,
    apiMischief: undefined,
    sent: 0,
    close: () =>
      new Promise((resolve) => {
        server.closeAllConnections();
        server.close(() => resolve());
      }),
  };
  return hub;
}

/** First byte that a request asks for. */
export function startOf(request: IncomingMessage): number {
  return Number(/^bytes=(\d+)-/.exec(request.headers.range ?? '')?.[1] ?? 0);
}

/** The head of a right answer from byte `from` on. */
export function sendHead(response: ServerResponse, { bytes, etag }: ServedFile, from: number): void {
  response.writeHead(206, {
    ...everywhere,
    etag: `"${etag}"`,
    'content-length': bytes.length - from,
    'content-range': `bytes ${from}-${bytes.length - 1}/${bytes.length}`,
  });
}

/** Bytes that differ from each other, the same each time. */
export function someBytes(length: number, seed = 1): Uint8Array {
  let state = seed;
  return Uint8Array.from({ length }, () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return state >>> 24;
  });
}

export function etagOf(bytes: Uint8Array): string {
  if (bytes.length > large) return createHash('sha256').update(bytes).digest('hex');
  return createHash('sha1').update(`blob ${bytes.length}\0`).update(bytes).digest('hex');
}

export function bytesOf(text: string): Uint8Array {
  return new TextEncoder().encode(text);
}

/** A page of another origin may read the answers. */
const everywhere = {
  'access-control-allow-origin': '*',
  'access-control-expose-headers': '*',
  'cross-origin-resource-policy': 'cross-origin',
};

function served(path: string, bytes: Uint8Array): ServedFile {
  return { path, bytes, etag: etagOf(bytes), large: bytes.length > large };
}

function answerApi(url: URL, hub: HubServer, response: ServerResponse): void {
  const json = (status: number, value: unknown): unknown =>
    response.writeHead(status, { ...everywhere, 'content-type': 'application/json' }).end(JSON.stringify(value));
  const [, revision] = /^\/api\/models\/org\/name\/revision\/([^/]+)$/.exec(url.pathname) ?? [];
  if (revision !== undefined && ['main', 'v1', hub.commit].includes(revision)) {
    json(200, { _id: '1', id: 'org/name', sha: hub.commit, lastModified: '2026-01-01T00:00:00.000Z' });
    return;
  }
  if (url.pathname !== `/api/models/org/name/tree/${hub.commit}`) {
    json(404, { error: 'not found' });
    return;
  }
  json(
    200,
    [...hub.files].map(([path, bytes]) => {
      const file = served(path, bytes);
      const oid = file.large ? 'f'.repeat(40) : file.etag;
      const lfs = file.large ? { lfs: { oid: file.etag, size: bytes.length, pointerSize: 130 } } : {};
      return { type: 'file', path, size: bytes.length, oid, ...lfs };
    }),
  );
}
