import { build } from 'vite';
import { hasChromium, siteFolder } from './site.ts';

/** Build the site into the folder that `serveSite` serves. */
export async function buildSite(): Promise<void> {
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

/** As a vitest globalSetup: once for all tests that open the page. */
export default async function setup(): Promise<void> {
  if (hasChromium) await buildSite();
}
