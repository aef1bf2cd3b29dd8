import { existsSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { extname, join } from 'node:path';
import { type Browser, chromium } from 'playwright';

const chromiumPath = process.env.CHROMIUM_PATH || '/usr/bin/chromium';
export const hasChromium: boolean = existsSync(chromiumPath);
export const isCi: boolean = !['', '0', 'false'].includes(process.env.CI ?? '');

export function startBrowser(): Promise<Browser> {
  return chromium.launch({
    executablePath: chromiumPath,
    args: ['--no-sandbox', '--no-first-run', '--disable-background-networking', '--disable-component-update'],
  });
}

const types: Readonly<Record<string, string>> = {
  '.html': 'text/html',
  '.js': 'text/javascript',
  '.json': 'application/json',
};

export interface Site {
  readonly url: string;
  close(): void;
}

/** Serve a folder as any file server does, with the headers that shared memory needs. */
export async function serve(folder: string): Promise<Site> {
  const server = createServer(async (request, response) => {
    const { pathname } = new URL(request.url!, 'http://localhost');
    const path = join(folder, decodeURIComponent(pathname.endsWith('/') ? `${pathname}index.html` : pathname));
    const bytes = await readFile(path).catch(() => undefined);
    response
      .writeHead(bytes === undefined ? 404 : 200, {
        'content-type': types[extname(path)] ?? 'application/octet-stream',
        'cross-origin-opener-policy': 'same-origin',
        'cross-origin-embedder-policy': 'require-corp',
      })
      .end(bytes);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/`,
    close: () => void server.close(),
  };
}

export interface Visit {
  /** What the page made of its work. */
  readonly title: string;
  /** Errors of the page and of its requests. */
  readonly problems: readonly string[];
  /** Everything that was requested, by path. */
  readonly requests: readonly string[];
}

/** Open a page and wait until its title says that it is done, or that it failed. */
export async function visit(browser: Browser, url: string): Promise<Visit> {
  const context = await browser.newContext();
  const page = await context.newPage();
  const problems: string[] = [];
  const requests: string[] = [];
  page.on('pageerror', (error) => problems.push(String(error)));
  page.on('console', (message) => {
    if (message.type() === 'error') problems.push(message.text());
  });
  context.on('response', (response) => {
    requests.push(new URL(response.url()).pathname);
    if (response.status() >= 400) problems.push(`${response.status()} ${response.url()}`);
  });
  try {
    await page.goto(url);
    await page.waitForFunction(() => /^(done|failed)/.test(document.title), undefined, { timeout: 120_000 });
    return { title: await page.title(), problems, requests };
  } catch (error) {
    return { title: `failed: ${error}`, problems, requests };
  } finally {
    await context.close();
  }
}
