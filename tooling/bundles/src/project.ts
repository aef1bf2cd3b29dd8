import { mkdirSync, mkdtempSync, readdirSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Packed, packAll, run, runOrThrow } from '@tokenwright/checks/pack';
import { publishedPackages, workspaceClosure } from '@tokenwright/checks/workspace';
import { environment } from './users.ts';

/** A folder with the tarballs of this workspace, for projects of users. */
export class Workshop {
  readonly folder: string = mkdtempSync(join(tmpdir(), 'tokenwright-bundles-'));
  readonly tarballs: readonly string[];

  constructor() {
    const into = join(this.folder, 'tarballs');
    mkdirSync(into);
    const names = new Set(workspaceClosure('tokenwright', publishedPackages()));
    this.tarballs = packAll(into, names).map(({ tarball }: Packed) => tarball);
  }

  /** An empty project: a folder with a package.json. */
  project(name: string, manifest: object = { type: 'module' }): string {
    const folder = join(this.folder, name);
    mkdirSync(folder);
    writeFileSync(join(folder, 'package.json'), JSON.stringify({ name, private: true, ...manifest }));
    return folder;
  }

  /** Install packages and, unless left out, tokenwright. Returns what npm printed. */
  install(project: string, packages: readonly string[], { tokenwright = true, flags = [] as string[] } = {}): string {
    const all = [...(tokenwright ? this.tarballs : []), ...packages];
    return runOrThrow('npm', ['install', '--no-audit', '--no-fund', ...flags, ...all], project, environment);
  }

  close(): void {
    rmSync(this.folder, { recursive: true, force: true });
  }
}

/** Bytes of a folder, all of it. */
export function sizeOf(folder: string): number {
  return readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .reduce((sum, { parentPath, name }) => sum + statSync(join(parentPath, name)).size, 0);
}

/**
 * The program of a package such as `bun`, whose binary is in a package per platform.
 *
 * @param file name of the binary in that package.
 */
export function platformBinary(modules: string, scope: string, file: string): string {
  const paths = readdirSync(join(modules, scope), { recursive: true, encoding: 'utf8' })
    .filter((path) => path.split(/[\\/]/).at(-1) === file)
    .map((path) => join(modules, scope, path));
  const found = paths.find((path) => statSync(path).isFile() && run(path, ['--version'], modules).status === 0);
  if (found === undefined) throw new Error(`${scope} has no ${file} for this platform`);
  return found;
}
