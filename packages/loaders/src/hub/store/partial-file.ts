import { makeFolder } from '../../sources/make-folder.ts';
import type { HubFile } from './hub-file.ts';
import type { PartialFile } from './hub-store.ts';

/** Milliseconds without a write after which the writer counts as dead: when its process cannot be checked, and when it runs. */
const abandonedAfter = { unknown: 60_000, running: 600_000 };
/** How often a file that another process writes is looked at, in milliseconds. */
const watchEvery = 200;

/** Names of the partial files that this thread is writing. */
const mine = new Set<string>();

/**
 * `<etag>.<writer>.incomplete` among the blobs: of a writer's own, so that no two write to one file. What a dead writer left, Python's
 * `<etag>.incomplete` or `<etag>.<random>.incomplete` too, is taken over by renaming it. While another writer lives, its end is waited for.
 */
export async function openPartialFile(
  blobs: string,
  file: HubFile,
  signal: AbortSignal | undefined,
): Promise<PartialFile> {
  const files = process.getBuiltinModule('node:fs/promises');
  const { join } = process.getBuiltinModule('node:path');
  await makeFolder(blobs);
  const name = `${file.etag}.${writerName()}.incomplete`;
  const isWhole = async (): Promise<boolean> => {
    await new Promise((resolve) => setTimeout(resolve, watchEvery));
    signal?.throwIfAborted();
    return (await files.stat(join(blobs, file.etag)).catch(() => undefined))?.size === file.size;
  };
  while (mine.has(name)) if (await isWhole()) return finished(file);
  mine.add(name);
  try {
    while (await takeOver(blobs, file, name))
      if (await isWhole()) {
        mine.delete(name);
        return finished(file);
      }
    return await writePartialFile(join(blobs, name), join(blobs, file.etag), file, () => mine.delete(name));
  } catch (error) {
    mine.delete(name);
    throw error;
  }
}

/** Continue the file at `path`, which becomes `whole` in the end. */
async function writePartialFile(path: string, whole: string, file: HubFile, onClose: () => void): Promise<PartialFile> {
  const files = process.getBuiltinModule('node:fs/promises');
  const { createHash } = process.getBuiltinModule('node:crypto');
  const handle = await files.open(path, 'a+');
  let { size: length } = await handle.stat();
  const restart = async (): Promise<void> => {
    await handle.truncate(0);
    length = 0;
  };
  if (length > file.size) await restart();

  return {
    get length() {
      return length;
    },
    async append(bytes) {
      for (let done = 0; done < bytes.length; ) {
        const { bytesWritten } = await handle.write(bytes, done);
        done += bytesWritten;
        length += bytesWritten;
      }
    },
    restart,
    async digest(kind) {
      const hash = createHash(kind === 'git' ? 'sha1' : 'sha256');
      if (kind === 'git') hash.update(`blob ${length}\0`);
      const buffer = new Uint8Array(1 << 20);
      for (let at = 0; at < length; ) {
        const { bytesRead } = await handle.read(buffer, 0, buffer.length, at);
        if (bytesRead === 0) break;
        hash.update(buffer.subarray(0, bytesRead));
        at += bytesRead;
      }
      return hash.digest('hex');
    },
    async finish() {
      await handle.sync();
      await files.rename(path, whole);
    },
    async close() {
      onClose();
      await handle.close();
    },
  };
}

/** What another process finished in the meantime. */
function finished({ size: length, etag }: HubFile): PartialFile {
  const nothing = async (): Promise<void> => {};
  return {
    length,
    append: nothing,
    restart: nothing,
    finish: nothing,
    close: nothing,
    digest: async () => etag,
  };
}

/**
 * Make the longest file that a dead writer left to ours.
 *
 * @returns whether a writer lives whose end must be waited for.
 */
async function takeOver(blobs: string, file: HubFile, name: string): Promise<boolean> {
  const files = process.getBuiltinModule('node:fs/promises');
  const { join } = process.getBuiltinModule('node:path');
  const left: { readonly name: string; readonly size: number }[] = [];
  for (const candidate of await files.readdir(blobs)) {
    if (!candidate.startsWith(`${file.etag}.`) || !candidate.endsWith('.incomplete')) continue;
    const stat = await files.stat(join(blobs, candidate)).catch(() => undefined);
    if (stat === undefined) continue;
    if (writerLives(candidate.slice(file.etag.length + 1), Date.now() - stat.mtimeMs)) return true;
    left.push({ name: candidate, size: stat.size });
  }
  left.sort((a, b) => b.size - a.size);
  for (const [place, { name: other }] of left.entries()) {
    // Another process may have been faster; then there is one less.
    const path = join(blobs, other);
    if (place === 0) await files.rename(path, join(blobs, name)).catch(() => {});
    else await files.rm(path, { force: true });
  }
  return false;
}

/** This thread, as a part of a file name: host, process, thread. */
function writerName(): string {
  const { threadId } = process.getBuiltinModule('node:worker_threads');
  return `${hostName()}-${process.pid}-${threadId}`;
}

function hostName(): string {
  return process
    .getBuiltinModule('node:os')
    .hostname()
    .replace(/[^A-Za-z0-9]/g, '_');
}

/**
 * @param suffix what follows the etag: '<writer>.incomplete', or Python's 'incomplete'.
 * @param idle milliseconds since something was written.
 */
function writerLives(suffix: string, idle: number): boolean {
  const writer = /^(\w+)-(\d+)-(\d+)\.incomplete$/.exec(suffix);
  const [, host, id, thread] = writer ?? [];
  // Python's names no writer.
  if (host !== hostName()) return idle < abandonedAfter.unknown;
  if (`${host}-${id}-${thread}` === writerName()) return false;
  try {
    process.kill(Number(id), 0);
  } catch (error) {
    // EPERM: it lives, as another user.
    if ((error as NodeJS.ErrnoException).code !== 'EPERM') return false;
  }
  return idle < abandonedAfter.running;
}
