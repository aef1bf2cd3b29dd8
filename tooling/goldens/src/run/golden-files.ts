import { readdir } from 'node:fs/promises';
import { join, relative, resolve, sep } from 'node:path';

/** The given folder has no goldens. */
export class GoldensFolderError extends Error {
  override readonly name = 'GoldensFolderError';
  readonly folder: string;

  constructor(folder: string, problem: string) {
    super(`${folder}: ${problem}`);
    this.folder = folder;
  }
}

/** Top folders of the goldens: paths of models and of left-out cases are relative to their parent. */
const top: readonly string[] = ['processors', 'llamacpp', 'xtransformers', 'generate'];

/**
 * Every JSON file under a folder, except those that belong to a model. `paths` are relative to `root`: the folder itself, or the
 * goldens' folder when the folder is inside it.
 */
export async function goldenFiles(
  folder: string,
): Promise<{ readonly root: string; readonly paths: readonly string[] }> {
  const given = resolve(folder);
  const entries = await readdir(given, { recursive: true }).catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') throw new GoldensFolderError(given, 'there is no such folder');
    if (error.code === 'ENOTDIR') throw new GoldensFolderError(given, 'it is a file; give its folder and use --only');
    throw error;
  });
  const parts = given.split(sep);
  const holdsTop = entries.some((entry) => top.includes(entry));
  const at = holdsTop ? -1 : parts.findLastIndex((part) => top.includes(part));
  const root = at < 0 ? given : parts.slice(0, at).join(sep) || sep;
  const paths = entries
    .filter((entry) => entry.endsWith('.json') && !/(^|[\\/])(generation_)?config\.json$/.test(entry))
    .map((entry) => relative(root, join(given, entry)).split(sep).join('/'))
    .sort();
  if (paths.length === 0) throw new GoldensFolderError(given, 'it has no golden file');
  return { root, paths };
}
