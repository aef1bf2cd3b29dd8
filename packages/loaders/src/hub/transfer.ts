import { LoadError } from '@tokenwright/core';
import type { HubSettings } from './hub-options.ts';
import { deadline, PassingFailure, passing, patiently, refusal, request } from './patient-fetch.ts';
import { checksumOf, type HubFile } from './store/hub-file.ts';
import type { PartialFile } from './store/hub-store.ts';

/**
 * Downloads one file into `partial` and verifies its checksum. It resumes where an earlier attempt stopped. It uses HTTP range
 * requests, which the Hugging Face Hub supports for every file.
 *
 * @param onBytes Called with the number of bytes received so far, each time it changes.
 * @throws LoadError when the server refuses the request or cannot be reached, or when the checksum does not match.
 * @throws The signal's reason when the download is aborted.
 */
export async function transfer(
  url: string,
  file: HubFile,
  partial: PartialFile,
  settings: HubSettings,
  onBytes: (length: number) => void,
): Promise<void> {
  for (let round = 0; ; round++) {
    const resumed = partial.length > 0;
    onBytes(partial.length);
    await receiveAll(url, file, partial, settings, onBytes);
    const kind = checksumOf(file);
    const found = kind === undefined ? file.etag : await partial.digest(kind);
    if (found === file.etag) return;
    await partial.restart();
    // A resumed file may contain bad bytes from an earlier attempt, so it gets one more download from the start.
    if (!resumed || round > 0)
      throw new LoadError(
        file.path,
        `the downloaded file has ${kind === 'sha256' ? 'SHA-256' : 'Git SHA-1'} ${found}, but the Hugging Face Hub lists ${file.etag}. The download was discarded`,
      );
  }
}

async function receiveAll(
  url: string,
  file: HubFile,
  partial: PartialFile,
  settings: HubSettings,
  onBytes: (length: number) => void,
): Promise<void> {
  const seen: Seen = { length: partial.length, version: undefined };
  const progressed = (): boolean => {
    const more = partial.length > seen.length;
    seen.length = partial.length;
    return more;
  };
  while (partial.length < file.size)
    await patiently(file.path, settings, () => receive(url, file, partial, settings, seen, onBytes), progressed);
}

interface Seen {
  length: number;
  /** The etag of the answer that the bytes came with. */
  version: string | null | undefined;
}

/** Requests the rest of the file once. */
async function receive(
  url: string,
  file: HubFile,
  partial: PartialFile,
  settings: HubSettings,
  seen: Seen,
  onBytes: (length: number) => void,
): Promise<void> {
  const { controller, alive, done } = deadline(settings);
  try {
    // A range from 0 too: answers to ranges are never compressed, and tell the size.
    const headers = { range: `bytes=${partial.length}-` };
    const response = await request(url, settings, { headers, signal: controller.signal });
    await checkAnswer(response, file, partial, settings, seen);
    const reader = response.body?.getReader();
    if (reader === undefined) throw new PassingFailure('an empty answer came');
    try {
      for (;;) {
        const { done: ended, value } = await read(reader, settings);
        if (ended) break;
        alive();
        if (partial.length + value.length > file.size) {
          await partial.restart();
          throw new PassingFailure(`more than the ${file.size} bytes came that the hub lists`);
        }
        await partial.append(value);
        onBytes(partial.length);
      }
    } finally {
      await reader.cancel().catch(() => {});
    }
    if (partial.length < file.size)
      throw new PassingFailure(`the connection ended after ${partial.length} of ${file.size} bytes`);
  } finally {
    done();
  }
}

async function read(
  reader: ReadableStreamDefaultReader<Uint8Array>,
  settings: HubSettings,
): Promise<ReadableStreamReadResult<Uint8Array>> {
  try {
    return await reader.read();
  } catch (cause) {
    throw passing(cause, settings);
  }
}

/** Check that an answer continues exactly where the received bytes end. Otherwise they are discarded. */
async function checkAnswer(
  response: Response,
  file: HubFile,
  partial: PartialFile,
  settings: HubSettings,
  seen: Seen,
): Promise<void> {
  const fail = async (error: Error): Promise<never> => {
    await response.body?.cancel().catch(() => {});
    throw error;
  };
  if (response.status === 416) {
    await partial.restart();
    return fail(new PassingFailure('the server says that it has fewer bytes than the hub lists'));
  }
  if (!response.ok) return fail(refusal(file.path, settings, response.status));
  const version = response.headers.get('etag');
  const changed = seen.version !== undefined && version !== seen.version;
  seen.version = version;
  if (response.status === 200) {
    if (partial.length > 0) await partial.restart();
    return;
  }
  if (changed && partial.length > 0) {
    await partial.restart();
    return fail(new PassingFailure('the file changed while it was read'));
  }
  const range = /^bytes (\d+)-\d+\/(\d+|\*)$/.exec(response.headers.get('content-range') ?? '');
  // A server may not let a page see the header; the checksum then tells.
  if (range === null) return;
  if (range[2] !== '*' && Number(range[2]) !== file.size)
    return fail(new LoadError(file.path, `has ${range[2]} bytes on the server, but the hub lists ${file.size}`));
  if (Number(range[1]) !== partial.length)
    return fail(new PassingFailure(`bytes from ${range[1]} came instead of those from ${partial.length}`));
}
