import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { publishedEntries } from './exports.ts';
import { publishedPackages, repositoryFiles, root } from './workspace.ts';

/** Maximum number of names in core's main entry, which is for applications. Authors of samplers, models and engines use subpaths. */
const mostNames = 90;

describe('the exports', () => {
  it(`of core's main entry are at most ${mostNames} names`, () => {
    const { values, types } = publishedEntries(root).find(({ specifier }) => specifier === '@tokenwright/core')!;
    expect(values.size + types.size).toBeLessThanOrEqual(mostNames);
    expect([...values]).toEqual(expect.arrayContaining(['generate', 'generateText']));
  });

  it.each(publishedPackages())('of $manifest.name are a list, without patterns', ({ manifest }) => {
    const published = { ...manifest.exports, ...manifest.publishConfig?.exports };
    expect(Object.keys(published).filter((subpath) => subpath.includes('*'))).toEqual([]);
  });
});

describe('test code', () => {
  const files = repositoryFiles();
  const packages = publishedPackages().filter(({ folder }) => folder !== 'packages/core');

  it.each(packages)('of $manifest.name is neither built nor exported', ({ folder, manifest }) => {
    const inside = files.filter((path) => path.startsWith(`${folder}/src/`) && path.includes('/testing/'));
    const folders = new Set(inside.map((path) => path.slice(folder.length + 1).replace(/\/testing\/.*$/, '/testing')));
    const { exclude = [] } = JSON.parse(readFileSync(join(root, folder, 'tsconfig.json'), 'utf8'));
    expect([...folders].filter((name) => !exclude.includes(`${name}/**`))).toEqual([]);
    expect(Object.keys(manifest.exports ?? {}).filter((subpath) => subpath.includes('testing'))).toEqual([]);
  });
});
