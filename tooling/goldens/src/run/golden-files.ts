import { readdir } from 'node:fs/promises';
import { join, relative, resolve, sep } from 'node:path';

/** The folder that was named holds no goldens. */
export class GoldensFolderError extends Error {
  override readonly name = 'GoldensFolderError';
  readonly folder: string;

  constructor(folder: string, problem: string) {
    super(`${folder}: ${problem}`);
    this.folder = folder;
  }
}

/** Folders at the top of the goldens: models are found from there, and what is left out is named from there. */
const top: readonly string[] = ['processors', 'llamacpp', 'xtransformers', 'generate'];

/**
 * Every JSON file under a folder but those that belong to a model. `paths` count from `root`: the folder itself, or when it
 * lies inside the goldens the folder of these.
 */
export async function goldenFiles(
  folder: string,
): Promise<{ readonly root: string; readonly paths: readonly string[] }> {
  const given = resolve(folder);
  const entries = await readdir(given, { recursive: true }).catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') throw new GoldensFolderError(given, 'there is no such folder');
    if (error.code === 'ENOTDIR') throw new GoldensFolderError(given, 'this is a file; give its folder, and --only');
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
  if (paths.length === 0) throw new GoldensFolderError(given, 'it holds no golden file');
  return { root, paths };
}
