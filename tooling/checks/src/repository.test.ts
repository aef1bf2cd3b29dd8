import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { type Conditions, publishedPackages, repositoryFiles, root } from './workspace.ts';

// In parts, so that this file does not contain the text that it searches for.
const registryHost = new RegExp(['https?://[^/\\s"\']*', 'regis', 'try[^/\\s]*\\.'].join(''));
const registrySetting = new RegExp(['^\\s*(@[^:\\s]+:)?regis', 'try\\s*='].join(''), 'm');
const absolutePath = new RegExp(['(?<![\\w.:/~*])/(?:wor', 'k|ho', 'me|Us', 'ers|ro', 'ot)/[\\w.-]+'].join(''));

const texts = repositoryFiles()
  .map((path) => ({ path, bytes: readFileSync(join(root, path)) }))
  .filter(({ bytes }) => !bytes.subarray(0, 8192).includes(0))
  .map(({ path, bytes }) => ({ path, text: bytes.toString('utf8') }));

describe('the files of the repository', () => {
  it('name no package registry', () => {
    const found = texts.filter(({ text }) => registryHost.test(text) || registrySetting.test(text));
    expect(found.map(({ path }) => path)).toEqual([]);
  });

  it('contain no download URL in the lockfile', () => {
    expect(readFileSync(join(root, 'pnpm-lock.yaml'), 'utf8')).not.toMatch(/:\/\/|tarball:/);
  });

  it("contain no absolute path of somebody's machine", () => {
    const found = texts.flatMap(({ path, text }) => {
      const match = absolutePath.exec(text);
      return match ? [`${path}: ${match[0]}`] : [];
    });
    expect(found).toEqual([]);
  });
});

describe('the published packages', () => {
  const names = publishedPackages().map(({ manifest }) => manifest.name);

  it('are released together', () => {
    const { fixed } = JSON.parse(readFileSync(join(root, '.changeset', 'config.json'), 'utf8'));
    expect(fixed.map((group: readonly string[]) => [...group].sort())).toEqual([[...names].sort()]);
  });

  it('are all built before their tarballs are installed', () => {
    const { tasks } = JSON.parse(readFileSync(join(root, 'turbo.json'), 'utf8'));
    expect([...tasks['@tokenwright/checks#test:full'].dependsOn].sort()).toEqual(
      names.map((name) => `${name}#build`).sort(),
    );
  });

  it('are all type-checked with their tests', () => {
    const { references } = JSON.parse(readFileSync(join(root, 'tsconfig.json'), 'utf8'));
    const paths = new Set(references.map(({ path }: { readonly path: string }) => path));
    const wanted = publishedPackages().flatMap(({ folder }) => [folder, `${folder}/tsconfig.test.json`]);
    expect(wanted.filter((path) => !paths.has(path))).toEqual([]);
  });
});

function withoutSource(conditions: Conditions): Conditions {
  if (typeof conditions === 'string') return conditions;
  return Object.fromEntries(Object.entries(conditions).filter(([name]) => name !== '@tokenwright/source'));
}

describe.each(publishedPackages())('$folder', ({ manifest }) => {
  it('is a public ES module under the MIT license', () => {
    expect(manifest).toMatchObject({ type: 'module', license: 'MIT', publishConfig: { access: 'public' } });
    expect(manifest.files).toContain('dist');
  });

  it('publishes the exports of the workspace, without the sources', () => {
    const exports = Object.entries(manifest.exports ?? {});
    const expected = Object.fromEntries(exports.map(([subpath, to]) => [subpath, withoutSource(to)]));
    expect(manifest.publishConfig?.exports ?? manifest.exports).toEqual(expected);
    for (const [subpath, to] of exports) {
      if (subpath === './package.json' || typeof to === 'string') continue;
      expect(Object.keys(to), subpath).toEqual(['@tokenwright/source', 'types', 'default']);
      const stem = to['@tokenwright/source']!.replace('./src/', './dist/').replace(/\.ts$/, '');
      expect(to, subpath).toMatchObject({ types: `${stem}.d.ts`, default: `${stem}.js` });
    }
  });
});
