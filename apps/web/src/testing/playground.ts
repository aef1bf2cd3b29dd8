import type { Browser, BrowserContextOptions, Page } from 'playwright';

/** The page as a person uses it. */
export class Playground {
  readonly page: Page;
  /** What the page has complained about. */
  readonly complaints: string[] = [];

  private constructor(page: Page) {
    this.page = page;
    page.setDefaultTimeout(30_000);
    page.on('pageerror', (error) => this.complaints.push(String(error)));
    page.on('console', (message) => {
      if (message.type() === 'error' || message.type() === 'warning') this.complaints.push(message.text());
    });
  }

  /** Open the page and wait for its model. */
  static async open(browser: Browser, url: string, options: BrowserContextOptions = {}): Promise<Playground> {
    const context = await browser.newContext({ viewport: { width: 1280, height: 900 }, ...options });
    const playground = new Playground(await context.newPage());
    await playground.page.goto(url);
    await playground.ready();
    return playground;
  }

  close(): Promise<void> {
    return this.page.context().close();
  }

  async ready({ timeout = 30_000 } = {}): Promise<void> {
    await this.page.locator('.prompt .primary:enabled').waitFor({ timeout });
  }

  /** The line that says what runs where, and why. */
  session(): Promise<string> {
    return this.page.locator('.session').innerText();
  }

  /** Generate and wait for the end, for at most `timeout` milliseconds. */
  async generate({ timeout = 30_000 } = {}): Promise<void> {
    await this.page.getByRole('button', { name: 'Generate', exact: true }).click();
    await this.finished({ timeout });
  }

  async finished({ timeout = 30_000 } = {}): Promise<void> {
    await this.page
      .locator('.facts-numbers', { hasText: 'first after' })
      .or(this.page.locator('.output .problem'))
      .waitFor({ timeout });
  }

  /** What each token added to the text. */
  tokens(): Promise<string[]> {
    return this.page.locator('.output .token').evaluateAll((all) => all.map((token) => token.textContent ?? ''));
  }

  async text(): Promise<string> {
    return (await this.tokens()).join('');
  }

  async tab(name: string): Promise<void> {
    await this.page.getByRole('tab', { name }).click();
  }

  /** Names of the stages, in order. */
  chain(): Promise<string[]> {
    return this.page.locator('.settings .stage-title').allInnerTexts();
  }

  async setTokens(count: number): Promise<void> {
    await this.page.getByLabel('Tokens', { exact: true }).first().fill(String(count));
  }

  /** What engine and TensorFlow.js hold, as the page shows it. */
  async memory(): Promise<{ bytes: number; buffers: number; tensors: number }> {
    await this.tab('KV cache');
    const shown = this.page.locator('#engine-memory[data-bytes]');
    await shown.waitFor();
    return shown.evaluate(({ dataset }) => ({
      bytes: Number((dataset as DOMStringMap).bytes),
      buffers: Number((dataset as DOMStringMap).buffers),
      tensors: Number((dataset as DOMStringMap).tensors),
    }));
  }

  async chooseEngine(label: string): Promise<void> {
    await this.page.getByLabel('Engine').selectOption({ label });
    await this.ready({ timeout: 120_000 });
  }

  async openModelDialog(): Promise<void> {
    await this.page.locator('button.pick').click();
    await this.page.getByRole('dialog').waitFor();
  }
}
