import { gzipSync } from 'node:zlib';
import type { Browser, Response } from 'playwright';

export interface LoadedFile {
  readonly name: string;
  readonly bytes: number;
  /** As a server that compresses sends it. */
  readonly gzip: number;
  /** Part of the demo model, not of the page. */
  readonly model: boolean;
}

export interface FirstLoad {
  /** Everything that was fetched up to the first token. */
  readonly files: readonly LoadedFile[];
  /** Milliseconds from the request of the page. */
  readonly ready: number;
  readonly firstToken: number;
  /** Milliseconds from pressing Generate. */
  readonly generateToToken: number;
}

/** Open the page with an empty cache, generate, and see what that took. */
export async function firstLoad(browser: Browser, url: string): Promise<FirstLoad> {
  const context = await browser.newContext({ viewport: { width: 1280, height: 900 } });
  const page = await context.newPage();
  const responses: Response[] = [];
  context.on('response', (response) => responses.push(response));
  const began = performance.now();
  await page.goto(url, { waitUntil: 'commit' });
  await page.locator('.prompt .primary:enabled').waitFor();
  const ready = performance.now() - began;
  await page.evaluate(() => {
    const timing = globalThis as unknown as { pressed: number; came: number };
    new MutationObserver(() => {
      if (document.querySelector('.output .token') !== null) timing.came ??= performance.now();
    }).observe(document.body, { childList: true, subtree: true });
    document.querySelector<HTMLElement>('.prompt .primary')!.click();
    timing.pressed = performance.now();
  });
  await page.locator('.output .token').first().waitFor();
  const generateToToken = await page.evaluate(() => {
    const timing = globalThis as unknown as { pressed: number; came: number };
    return timing.came - timing.pressed;
  });
  const files: LoadedFile[] = [];
  for (const response of responses) {
    if (!response.url().startsWith('http')) continue;
    const body = await response.body();
    const name = new URL(response.url()).pathname.split('/').at(-1) || 'index.html';
    const model = /\.(safetensors|json)$/.test(name);
    files.push({ name, bytes: body.length, gzip: gzipSync(body).length, model });
  }
  await context.close();
  return { files, ready, firstToken: ready + generateToToken, generateToToken };
}
