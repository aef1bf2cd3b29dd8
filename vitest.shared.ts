import { defineConfig, type ViteUserConfig, type ViteUserConfigFnObject } from 'vitest/config';

/** Workspace packages resolve to their sources, so that no test needs a build first. */
const source = '@tokenwright/source';

/** Options that every vitest project of this repository shares. */
export const shared = {
  resolve: { conditions: [source, 'module', 'browser', 'development|production'] },
  ssr: { resolve: { conditions: [source, 'module', 'node', 'development|production'] } },
} satisfies ViteUserConfig;

type TestOptions = NonNullable<ViteUserConfig['test']>;

/**
 * A project of tests that run in Node, without a browser: `src/**\/*.test.ts`. Slow tests are in `*.full.test.ts` and run only in
 * mode `full` (`pnpm test:full`).
 */
export function nodeProject(mode: string, overrides: TestOptions = {}): ViteUserConfig {
  const slow = 'src/**/*.full.test.ts';
  return {
    ...shared,
    test: {
      include: mode === 'full' ? [slow] : ['src/**/*.test.ts'],
      exclude: ['**/node_modules/**', 'src/**/*.browser.test.ts', ...(mode === 'full' ? [] : [slow])],
      environment: 'node',
      // Generous, since a busy machine is slow: the limit is only there to end tests that hang.
      testTimeout: 120_000,
      hookTimeout: 120_000,
      passWithNoTests: true,
      ...overrides,
    },
  };
}

/** The vitest configuration of a package that has only Node tests. */
export function nodeTests(overrides: TestOptions = {}): ViteUserConfigFnObject {
  return defineConfig(({ mode }) => nodeProject(mode, overrides));
}
