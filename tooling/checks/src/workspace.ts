import { spawnSync } from 'node:child_process';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { dirname, join, relative, sep } from 'node:path';
import { fileURLToPath } from 'node:url';

export const root: string = join(dirname(fileURLToPath(import.meta.url)), '..', '..', '..');

export type Conditions = string | { readonly [condition: string]: string };
export type Exports = { readonly [subpath: string]: Conditions };
type Versions = { readonly [name: string]: string };

export interface Manifest {
  readonly name: string;
  readonly version: string;
  readonly private?: boolean;
  readonly license?: string;
  readonly type?: string;
  readonly exports?: Exports;
  readonly bin?: Versions;
  readonly files?: readonly string[];
  readonly publishConfig?: { readonly access?: string; readonly exports?: Exports };
  readonly dependencies?: Versions;
  readonly devDependencies?: Versions;
  readonly peerDependencies?: Versions;
  readonly peerDependenciesMeta?: { readonly [name: string]: { readonly optional?: boolean } };
}

export interface WorkspacePackage {
  /** The folder, from the root, with `/` between its parts. */
  readonly folder: string;
  readonly manifest: Manifest;
}

/** Every package of the workspace, in the order of the folders. */
export function workspacePackages(): WorkspacePackage[] {
  return ['packages', 'apps', 'tooling'].flatMap((group) =>
    readdirSync(join(root, group))
      .sort()
      .filter((name) => existsSync(join(root, group, name, 'package.json')))
      .map((name) => ({
        folder: `${group}/${name}`,
        manifest: JSON.parse(readFileSync(join(root, group, name, 'package.json'), 'utf8')),
      })),
  );
}

/** The packages that are published, each after its dependencies. */
export function publishedPackages(): WorkspacePackage[] {
  const left = workspacePackages().filter(({ manifest }) => !manifest.private);
  const names = new Set(left.map(({ manifest }) => manifest.name));
  const ordered: WorkspacePackage[] = [];
  while (left.length > 0) {
    const ready = left.findIndex(({ manifest }) =>
      Object.keys(manifest.dependencies ?? {}).every(
        (name) => !names.has(name) || ordered.some((done) => done.manifest.name === name),
      ),
    );
    if (ready < 0) throw new Error(`Packages depend on each other in a cycle: ${left.map((p) => p.folder).join(', ')}`);
    ordered.push(...left.splice(ready, 1));
  }
  return ordered;
}

/** A package's direct and indirect workspace dependencies, by name. */
export function workspaceClosure(name: string, all: readonly WorkspacePackage[]): string[] {
  const found = new Set<string>();
  const visit = (current: string): void => {
    const manifest = all.find((p) => p.manifest.name === current)?.manifest;
    if (!manifest || found.has(current)) return;
    found.add(current);
    Object.keys(manifest.dependencies ?? {}).forEach(visit);
  };
  visit(name);
  return [...found];
}

/** Files that belong to the repository: tracked, or new and not ignored. Paths are from the root. */
export function repositoryFiles(): string[] {
  const git = spawnSync('git', ['ls-files', '--cached', '--others', '--exclude-standard', '-z'], {
    cwd: root,
    encoding: 'utf8',
    maxBuffer: 1 << 26,
  });
  if (git.status !== 0) throw new Error(`git ls-files failed: ${git.stderr || git.error}`);
  return git.stdout.split('\0').filter((path) => path !== '' && existsSync(join(root, path)));
}

export interface Import {
  readonly specifier: string;
  /** Erased by the compiler. */
  readonly typeOnly: boolean;
}

/** What a TypeScript file imports: statically, dynamically, for its types, or as a re-export. */
export function importsOf(path: string): Import[] {
  const text = readFileSync(join(root, path), 'utf8')
    .replace(/\/\*[\s\S]*?\*\//g, '')
    .replace(/^\s*\/\/.*$/gm, '');
  const found: Import[] = [];
  for (const match of text.matchAll(/^\s*(?:import|export)\s+(type\s)?[^'"`;]*?from\s*['"]([^'"]+)['"]/gm)) {
    found.push({ specifier: match[2]!, typeOnly: match[1] !== undefined });
  }
  for (const match of text.matchAll(/^\s*import\s*['"]([^'"]+)['"]/gm)) {
    found.push({ specifier: match[1]!, typeOnly: false });
  }
  for (const match of text.matchAll(/(typeof\s+)?\bimport\(\s*['"]([^'"]+)['"]/g)) {
    found.push({ specifier: match[2]!, typeOnly: match[1] !== undefined });
  }
  return found;
}

/** The name of the package that a bare specifier belongs to: `@a/b/c` is of `@a/b`. */
export function packageOf(specifier: string): string {
  return specifier
    .split('/')
    .slice(0, specifier.startsWith('@') ? 2 : 1)
    .join('/');
}

export function toPosix(path: string): string {
  return path.split(sep).join('/');
}

export function fromRoot(path: string): string {
  return toPosix(relative(root, path));
}
