import { dirname, join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { fromRoot, importsOf, packageOf, repositoryFiles, root, workspacePackages } from './workspace.ts';

const libraries = ['core', 'samplers', 'contrastive', 'backends', 'loaders', 'demo-model'];

/** Who may import whom. Nothing points up or sideways: each package above `core` is useful without the others. */
const allowed: { readonly [folder: string]: readonly string[] } = {
  'packages/core': [],
  'packages/samplers': ['core'],
  'packages/contrastive': ['core'],
  'packages/backends': ['core'],
  'packages/loaders': ['core'],
  'packages/demo-model': ['core'],
  'apps/node': libraries,
  'apps/web': libraries,
  'tooling/tsconfig': [],
  'tooling/checks': [],
  'tooling/conformance': [...libraries, 'goldens'],
  'tooling/goldens': libraries,
  'tooling/bench': libraries,
};

/** Packages that only a test may import. */
const testOnly = /^(vitest|fast-check|playwright|playwright-core|@vitest\/.*)$/;
/** Packages that run the same everywhere, so that they know neither Node nor its types. */
const anywhere = ['packages/core', 'packages/samplers', 'packages/contrastive'];

const packages = workspacePackages();
const files = repositoryFiles();

function sourcesOf(folder: string): string[] {
  return files.filter((path) => path.startsWith(`${folder}/src/`) && /(?<!\.d)\.[mc]?tsx?$/.test(path));
}
/** Of the folders called testing only core's is published. */
const isTest = (path: string): boolean =>
  /\.(test|bench)\.ts$/.test(path) || (path.includes('/testing/') && !path.startsWith('packages/core/'));

describe('the package graph', () => {
  it('has an entry for every package', () => {
    expect(packages.map(({ folder }) => folder).filter((folder) => !(folder in allowed))).toEqual([]);
  });

  describe.each(packages)('$folder', ({ folder, manifest }) => {
    const arrows = new Set(allowed[folder]?.map((name) => `@tokenwright/${name}`));

    it('declares only allowed workspace packages', () => {
      const declared = { ...manifest.dependencies, ...manifest.devDependencies, ...manifest.peerDependencies };
      const outside = Object.keys(declared).filter((name) => name.startsWith('@tokenwright/') && !arrows.has(name));
      expect(outside).toEqual([]);
    });

    it('imports only what it declares, and what it may', () => {
      const runtime = new Set(Object.keys({ ...manifest.dependencies, ...manifest.peerDependencies }));
      const all = new Set([...runtime, ...Object.keys(manifest.devDependencies ?? {})]);
      const problems: string[] = [];
      for (const path of sourcesOf(folder)) {
        const published = !manifest.private && !isTest(path);
        for (const { specifier, typeOnly } of importsOf(path)) {
          const report = (why: string): number => problems.push(`${path}: '${specifier}' ${why}`);
          if (specifier.startsWith('.')) {
            const target = fromRoot(join(root, dirname(path), specifier));
            if (!target.startsWith(`${folder}/src/`)) report('leaves the sources of the package');
            if (published && isTest(target)) report('is a test');
            continue;
          }
          if (specifier.startsWith('node:')) {
            if (anywhere.includes(folder) && published) report('exists in Node only');
            continue;
          }
          const name = packageOf(specifier);
          if (name === manifest.name) report('is the package itself: use a relative import');
          else if (name.startsWith('@tokenwright/') && !arrows.has(name)) report('is not an allowed arrow');
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
