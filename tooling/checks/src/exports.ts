// Prints how many names each entry of each published package exports: node src/exports.ts [folder of the repository].
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { parseAst } from 'vite';
import { type Manifest, packageOf, root } from './workspace.ts';

export interface Exported {
  readonly values: ReadonlySet<string>;
  readonly types: ReadonlySet<string>;
}

/** What a module exports, through `export * from` of relative modules too. */
export function exportedNames(file: string): Exported {
  const values = new Set<string>();
  const types = new Set<string>();
  for (const node of parseAst(readFileSync(file, 'utf8'), { lang: 'ts' }).body) {
    if (node.type === 'ExportDefaultDeclaration') values.add('default');
    if (node.type === 'ExportAllDeclaration') {
      const name = node.exported === null ? undefined : nameOf(node.exported);
      if (name !== undefined) (node.exportKind === 'type' ? types : values).add(name);
      else if (node.source.value.startsWith('.')) {
        const inner = exportedNames(join(dirname(file), node.source.value));
        for (const type of inner.types) types.add(type);
        for (const value of inner.values) (node.exportKind === 'type' ? types : values).add(value);
      }
      // The names of another package are counted there.
    }
    if (node.type !== 'ExportNamedDeclaration') continue;
    for (const { exported, exportKind } of node.specifiers)
      (node.exportKind === 'type' || exportKind === 'type' ? types : values).add(nameOf(exported));
    const { declaration } = node;
    if (declaration === null) continue;
    if (declaration.type === 'VariableDeclaration') {
      for (const { id } of declaration.declarations) if (id.type === 'Identifier') values.add(id.name);
    } else if ('id' in declaration && declaration.id !== null && 'name' in declaration.id) {
      const typeOnly = /^TS(Interface|TypeAlias)Declaration$/.test(declaration.type);
      (typeOnly ? types : values).add(declaration.id.name);
    }
  }
  return { values, types };
}

function nameOf(node: { readonly name?: string; readonly value?: unknown }): string {
  return node.name ?? String(node.value);
}

export interface Entry extends Exported {
  /** As it is imported: `@tokenwright/core/testing`. */
  readonly specifier: string;
}

/** The entries of every published package of a repository. A pattern such as `./*` counts every module that it publishes. */
export function publishedEntries(repository: string): Entry[] {
  const entries: Entry[] = [];
  for (const group of ['packages', 'apps'])
    for (const name of readdirSync(join(repository, group)).sort()) {
      const folder = join(repository, group, name);
      if (!existsSync(join(folder, 'package.json'))) continue;
      const manifest: Manifest = JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8'));
      if (manifest.private) continue;
      for (const [subpath, conditions] of Object.entries(manifest.exports ?? {})) {
        const source = typeof conditions === 'string' ? undefined : conditions['@tokenwright/source'];
        if (source === undefined) continue;
        for (const file of matching(folder, source)) {
          const star = subpath.includes('*') ? file.slice('./src/'.length, -'.ts'.length) : '';
          const specifier = manifest.name + subpath.slice(1).replace('*', star);
          entries.push({ specifier, ...exportedNames(join(folder, file)) });
        }
      }
    }
  return entries;
}

function matching(folder: string, source: string): string[] {
  if (!source.includes('*')) return [source];
  return readdirSync(join(folder, 'src'), { recursive: true, encoding: 'utf8' })
    .filter((path) => path.endsWith('.ts') && !/\.(test|bench)\.ts$/.test(path))
    .sort()
    .map((path) => `./src/${path}`);
}

if (import.meta.main) {
  const entries = publishedEntries(process.argv[2] ?? root);
  const all = new Set<string>();
  for (const { specifier, values, types } of entries) {
    for (const exported of [...values, ...types]) all.add(`${packageOf(specifier)} ${exported}`);
    console.log(
      `${String(values.size + types.size).padStart(5)} = ${values.size} values + ${types.size} types  ${specifier}`,
    );
  }
  console.log(`${String(all.size).padStart(5)} different names of ${entries.length} entries`);
}
