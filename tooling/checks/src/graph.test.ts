import { dirname, join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { fromRoot, importsOf, packageOf, repositoryFiles, root, workspacePackages } from './workspace.ts';

interface Arrows {
  /** Packages of this workspace, by folder name, that the sources may import. */
  readonly runtime: readonly string[];
  /** Packages of this workspace that only the tests may import. */
  readonly tests?: readonly string[];
}

const libraries = [
  'core',
  'samplers',
  'strategies',
  'contrastive',
  'backends',
  'loaders',
  'chat',
  'grammar',
  'demo-model',
] as const;
const everyPackage = [...libraries, 'tokenwright'];

/**
 * The allowed imports. Each library depends on `core` alone, so each is useful without the others. The one exception is `chat`,
 * which forces tool calls with grammars; it loads `grammar` when a reply needs one.
 */
const allowed: { readonly [folder: string]: Arrows } = {
  'packages/core': { runtime: [] },
  'packages/samplers': { runtime: ['core'] },
  'packages/strategies': { runtime: ['core'], tests: ['samplers'] },
  'packages/contrastive': { runtime: ['core'] },
  'packages/backends': { runtime: ['core'] },
  'packages/loaders': { runtime: ['core'] },
  'packages/chat': { runtime: ['core', 'grammar'], tests: ['loaders', 'strategies'] },
  'packages/grammar': { runtime: ['core'], tests: ['strategies'] },
  'packages/demo-model': { runtime: ['core'] },
  'packages/tokenwright': { runtime: libraries },
  'apps/node': { runtime: everyPackage },
  'apps/web': { runtime: everyPackage },
  'tooling/tsconfig': { runtime: [] },
  'tooling/checks': { runtime: [] },
  'tooling/bundles': { runtime: [...everyPackage, 'checks'] },
  'tooling/conformance': { runtime: [...everyPackage, 'goldens'] },
  'tooling/goldens': { runtime: libraries },
  'tooling/bench': { runtime: everyPackage },
};

/** Packages that only a test may import. */
const testOnly = /^(vitest|fast-check|playwright|playwright-core|@vitest\/.*)$/;
/** Packages that run in every environment and therefore must not use Node or its types. */
const anywhere = [
  'packages/core',
  'packages/samplers',
  'packages/strategies',
  'packages/contrastive',
  'packages/chat',
  'packages/grammar',
];

const packages = workspacePackages();
const files = repositoryFiles();

function sourcesOf(folder: string): string[] {
  return files.filter((path) => path.startsWith(`${folder}/src/`) && /(?<!\.d)\.[mc]?tsx?$/.test(path));
}
const nameOf = new Map(packages.map(({ folder, manifest }) => [folder.split('/')[1]!, manifest.name]));
const ours = new Set(nameOf.values());
const namesOf = (folders: readonly string[]): Set<string> =>
  new Set(folders.flatMap((folder) => nameOf.get(folder) ?? []));

/** Of the folders named `testing`, only core's is published. */
const isTest = (path: string): boolean =>
  /\.(test|bench)\.ts$/.test(path) || (path.includes('/testing/') && !path.startsWith('packages/core/'));

describe('the package graph', () => {
  it('has an entry for every package', () => {
    expect(packages.map(({ folder }) => folder).filter((folder) => !(folder in allowed))).toEqual([]);
  });

  it('has no cycle, tests included', () => {
    const cycles: string[] = [];
    const visit = (folder: string, path: readonly string[]): void => {
      if (path.includes(folder)) {
        cycles.push([...path.slice(path.indexOf(folder)), folder].join(' -> '));
        return;
      }
      const { runtime = [], tests = [] } = allowed[`packages/${folder}`] ?? {};
      for (const next of [...runtime, ...tests]) visit(next, [...path, folder]);
    };
    for (const folder of everyPackage) visit(folder, []);
    expect(cycles).toEqual([]);
  });

  describe.each(packages)('$folder', ({ folder, manifest }) => {
    const arrows = allowed[folder] ?? { runtime: [] };
    const inSources = namesOf(arrows.runtime);
    const inTests = namesOf([...arrows.runtime, ...(arrows.tests ?? [])]);

    it('declares only allowed workspace packages, those of its tests as devDependencies', () => {
      const { dependencies, peerDependencies, devDependencies } = manifest;
      const outside = (declared: object, may: ReadonlySet<string>): string[] =>
        Object.keys(declared).filter((name) => ours.has(name) && !may.has(name));
      expect(outside({ ...dependencies, ...peerDependencies }, inSources)).toEqual([]);
      expect(outside({ ...devDependencies }, inTests)).toEqual([]);
    });

    it('imports only what it declares and what the graph allows', () => {
      const runtime = new Set(Object.keys({ ...manifest.dependencies, ...manifest.peerDependencies }));
      const all = new Set([...runtime, ...Object.keys(manifest.devDependencies ?? {})]);
      const problems: string[] = [];
      for (const path of sourcesOf(folder)) {
        const published = !manifest.private && !isTest(path);
        const may = isTest(path) ? inTests : inSources;
        for (const { specifier, typeOnly } of importsOf(path)) {
          const report = (why: string): number => problems.push(`${path}: '${specifier}' ${why}`);
          if (specifier.startsWith('.')) {
            const target = fromRoot(join(root, dirname(path), specifier));
            if (!target.startsWith(`${folder}/src/`)) report('leaves the sources of the package');
            if (published && isTest(target)) report('is a test');
            continue;
          }
          // Made by a plugin of the build.
          if (specifier.startsWith('virtual:')) continue;
          if (specifier.startsWith('node:')) {
            if (anywhere.includes(folder) && published) report('exists in Node only');
            continue;
          }
          // A module that a build plugin of the package makes.
          if (specifier.startsWith('virtual:')) {
            if (published) report('exists in a bundle only');
            continue;
          }
          const name = packageOf(specifier);
          if (name === manifest.name) report('is the package itself: use a relative import');
          else if ((ours.has(name) || name.startsWith('@tokenwright/')) && !may.has(name))
            report('is not an allowed arrow');
          if (published && testOnly.test(name)) report('is for tests only');
          else if (!(published && !typeOnly ? runtime : all).has(name) && name !== manifest.name)
            report('is not declared');
          if (/^@tensorflow\/[^/]+\/dist/.test(specifier) && !/\.wasm\?url$/.test(specifier)) {
            report('reaches into TensorFlow.js: it breaks in Node, or makes a second engine');
          }
        }
      }
      expect(problems).toEqual([]);
    });
  });

  it('lets the main entry of core load without TensorFlow.js', () => {
    const values: string[] = [];
    const seen = new Set<string>();
    const visit = (path: string, from: readonly string[]): void => {
      if (seen.has(path) || !files.includes(path)) return;
      seen.add(path);
      for (const { specifier, typeOnly } of importsOf(path)) {
        if (typeOnly) continue;
        if (specifier.startsWith('@tensorflow/')) values.push([...from, path, specifier].join(' -> '));
        else if (specifier.startsWith('.')) visit(fromRoot(join(root, dirname(path), specifier)), [...from, path]);
      }
    };
    visit('packages/core/src/index.ts', []);
    expect(values).toEqual([]);
  });
});
