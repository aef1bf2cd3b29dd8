import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { type Browser, chromium, type Page } from 'playwright';
import { build, type PreviewServer, preview } from 'vite';
import type { StepsSetting } from './steps.ts';
import type { Question } from './worker.ts';

const path = process.env.CHROMIUM_PATH || '/usr/bin/chromium';
const root = fileURLToPath(new URL('.', import.meta.url));
const outDir = fileURLToPath(new URL('../../node_modules/.browser', import.meta.url));
const conditions = ['@tokenwright/source', 'module', 'browser', 'development|production'];

/** A page in Chromium, cross-origin isolated or not, whose Worker measures decoding steps. */
export class ChromiumSteps {
  readonly #server: PreviewServer;
  readonly #browser: Browser;
  readonly #page: Page;

  private constructor(server: PreviewServer, browser: Browser, page: Page) {
    this.#server = server;
    this.#browser = browser;
    this.#page = page;
  }

  /** @throws Error when there is no Chromium. */
  static async open(setting: StepsSetting, isolated: boolean): Promise<ChromiumSteps> {
    if (!existsSync(path)) throw new Error(`No Chromium at ${path}: install it, or set CHROMIUM_PATH.`);
    const shared = { root, configFile: false, logLevel: 'error', resolve: { conditions } } as const;
    await build({ ...shared, worker: { format: 'es' }, build: { outDir, emptyOutDir: true, target: 'es2023' } });
    const server = await preview({
      ...shared,
      build: { outDir },
      preview: {
        port: 0,
        host: '127.0.0.1',
        headers: isolated
          ? { 'Cross-Origin-Opener-Policy': 'same-origin', 'Cross-Origin-Embedder-Policy': 'require-corp' }
          : {},
      },
    });
    const address = server.httpServer.address();
    if (address === null || typeof address === 'string') throw new Error('The preview server has no port.');
    const browser = await chromium.launch({
      executablePath: path,
      args: ['--no-sandbox', '--no-first-run', '--disable-background-networking', '--disable-component-update'],
    });
    const page = await browser.newPage();
    const steps = new ChromiumSteps(server, browser, page);
    try {
      await page.goto(`http://127.0.0.1:${address.port}/`);
      await steps.#ask({ open: setting });
      return steps;
    } catch (error) {
      await steps.close();
      throw error;
    }
  }

  /** Milliseconds per token of the next `tokens` steps, measured by the page itself. */
  time(tokens: number): Promise<number> {
    return this.#ask({ time: tokens });
  }

  async close(): Promise<void> {
    await this.#browser.close();
    await this.#server.close();
  }

  #ask(question: Question): Promise<number> {
    return this.#page.evaluate(
      (asked) => (globalThis as unknown as { ask(question: Question): Promise<number> }).ask(asked),
      question,
    );
  }
}
