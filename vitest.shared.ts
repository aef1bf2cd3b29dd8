import { defineConfig, type ViteUserConfig } from 'vitest/config';

/** Workspace packages resolve to their sources, so that no test needs a build first. */
export const sourceConditions: string[] = ['@tokenwright/source'];

/** Options that every vitest project of this repository shares. */
export const shared = {
  resolve: { conditions: [...sourceConditions, 'module', 'browser', 'development|production'] },
  ssr: { resolve: { conditions: [...sourceConditions, 'module', 'node', 'development|production'] } },
} satisfies ViteUserConfig;

/** Tests that run in Node, without a browser: every `src/**\/*.test.ts` of the package. */
export function nodeTests(overrides: NonNullable<ViteUserConfig['test']> = {}): ViteUserConfig {
  return defineConfig({
    ...shared,
    test: {
      include: ['src/**/*.test.ts'],
      exclude: ['src/**/*.browser.test.ts', '**/node_modules/**'],
      environment: 'node',
      passWithNoTests: true,
      ...overrides,
    },
  });
}
