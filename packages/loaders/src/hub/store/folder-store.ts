import type { Stats } from 'node:fs';
import { LoadError } from '@tokenwright/core';
import { type ByteSource, fileSource } from '../../sources/byte-source.ts';
import { makeFolder } from '../../sources/make-folder.ts';
import { checkFileName } from '../../sources/model-source.ts';
import type { HubFile } from './hub-file.ts';
import type { HubStore, PartialFile } from './hub-store.ts';
import { openPartialFile } from './partial-file.ts';

/**
 * The hub's cache folder in Node, as Python's huggingface_hub keeps it:
 *
 *     models--org--name/blobs/<etag>                   contents
 *     models--org--name/snapshots/<commit>/<path>      links to them
 *     models--org--name/refs/<branch or tag>           the commit
 *
 * A blob gets its name when it is whole and checked, a link comes after its blob, and a ref after all links of its commit: so a
 * process may be killed at any moment. Python writes the ref first; then it names a commit that may lack files, which are fetched.
 */
export function folderStore(cache: string, repository: string): HubStore {
  const files = process.getBuiltinModule('node:fs/promises');
  const { basename, join, dirname, relative } = process.getBuiltinModule('node:path');
  const root = join(cache, `models--${repository.replaceAll('/', '--')}`);
  const blobs = join(root, 'blobs');
  const snapshot = (commit: string, path = ''): string => join(root, 'snapshots', commit, ...path.split('/'));
  const reference = (revision: string): string => join(root, 'refs', ...checkFileName(root, revision).split('/'));
  const stat = (path: string): Promise<Stats | undefined> => files.stat(path).catch(() => undefined);

  /** Create or replace a path atomically. The temporary file is among the blobs, whose names are never listed. */
  const place = async (path: string, make: (temporary: string) => Promise<void>): Promise<void> => {
    const temporary = join(blobs, `${process.pid}-${crypto.randomUUID()}.tmp`);
    await makeFolder(blobs);
    await makeFolder(dirname(path));
    try {
      await make(temporary);
      await files.rename(temporary, path);
    } catch (error) {
      await files.rm(temporary, { force: true });
      throw error;
    }
  };
  const guarded = async <Result>(work: () => Promise<Result>): Promise<Result> => {
    try {
      return await work();
    } catch (cause) {
      if (cause instanceof LoadError || !(cause instanceof Error && 'code' in cause)) throw cause;
      throw new LoadError(root, `the cache folder cannot be used (${cause.message})`, undefined, { cause });
    }
  };

  return {
    place: root,
    async commitOf(revision) {
      const text = await files.readFile(reference(revision), 'utf8').catch(() => undefined);
      return text !== undefined && /^[0-9a-f]{40}$/.test(text.trim()) ? text.trim() : undefined;
    },
    setCommit: (revision, commit) =>
      guarded(() => place(reference(revision), (temporary) => files.writeFile(temporary, commit))),
    async file(commit, path): Promise<ByteSource | undefined> {
      const full = snapshot(commit, checkFileName(root, path));
      return (await stat(full))?.isFile() ? fileSource(full) : undefined;
    },
    async names(commit) {
      const found: string[] = [];
      const entries = await files.readdir(snapshot(commit), { recursive: true }).catch(() => []);
      for (const entry of entries) if ((await stat(join(snapshot(commit), entry)))?.isFile()) found.push(entry);
      return found.map((name) => name.replaceAll('\\', '/')).sort();
    },
    adopt: (commit, file) =>
      guarded(async () => {
        const blob = join(blobs, file.etag);
        const target = snapshot(commit, file.path);
        const link = await files.readlink(target).catch(() => undefined);
        const right = link === undefined || basename(link) === file.etag;
        if (right && (await stat(target))?.size === file.size) return true;
        // A blob of another length is what a crash of the machine may leave.
        if ((await stat(blob))?.size !== file.size) return false;
        await place(target, async (temporary) => {
          // Where links are not allowed (Windows without developer mode), a copy is made, as Python does.
          await files
            .symlink(relative(dirname(target), blob), temporary)
            .catch(() => files.link(blob, temporary))
            .catch(() => files.copyFile(blob, temporary));
        });
        return true;
      }),
    begin: (file: HubFile, signal): Promise<PartialFile> => guarded(() => openPartialFile(blobs, file, signal)),
  };
}
