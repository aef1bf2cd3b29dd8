import { build } from 'vite';
import { hasChromium, siteFolder } from './site.ts';

/** Build the site once for all tests that open it. */
export default async function buildSite(): Promise<void> {
  if (!hasChromium) return;
  const { NODE_ENV } = process.env;
  // Under vitest it is 'test', which would build the page for development.
  process.env.NODE_ENV = 'production';
  try {
    await build({
      root: new URL('../..', import.meta.url).pathname,
      logLevel: 'error',
      build: { outDir: siteFolder, emptyOutDir: true },
    });
  } finally {
    process.env.NODE_ENV = NODE_ENV;
  }
}
