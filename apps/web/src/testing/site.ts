import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { type Browser, chromium } from 'playwright';
import { preview } from 'vite';

const root = fileURLToPath(new URL('../..', import.meta.url));
export const siteFolder: string = fileURLToPath(new URL('../../node_modules/.site', import.meta.url));
export const chromiumPath: string = process.env.CHROMIUM_PATH || '/usr/bin/chromium';
export const hasChromium: boolean = existsSync(chromiumPath);

export interface Site {
  readonly url: string;
  close(): Promise<void>;
}

/** Serve the built site on a free port, with or without the headers of cross-origin isolation. */
export async function serveSite({ isolated = true, folder = siteFolder } = {}): Promise<Site> {
  const server = await preview({
    root,
    configFile: fileURLToPath(new URL('../../vite.config.ts', import.meta.url)),
    logLevel: 'error',
    build: { outDir: folder },
    preview: {
      port: 0,
      host: '127.0.0.1',
      ...(isolated
        ? {}
        : { headers: { 'Cross-Origin-Opener-Policy': 'unsafe-none', 'Cross-Origin-Embedder-Policy': 'unsafe-none' } }),
    },
  });
  const address = server.httpServer.address();
  if (address === null || typeof address === 'string') throw new Error('The preview server has no port.');
  return { url: `http://127.0.0.1:${address.port}/`, close: () => server.close() };
}

/** A browser with WebGPU, in software where there is no graphics card. */
export function startBrowser(): Promise<Browser> {
  return chromium.launch({
    executablePath: chromiumPath,
    args: [
      '--no-sandbox',
      '--enable-unsafe-webgpu',
      '--use-webgpu-adapter=swiftshader',
      '--enable-features=Vulkan',
      '--no-first-run',
      '--disable-background-networking',
      '--disable-component-update',
      '--disable-sync',
    ],
  });
}
