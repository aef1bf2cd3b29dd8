import { tfjs } from '@tokenwright/backends/tfjs';
import { generateText } from '@tokenwright/core';
import { demoModel } from '@tokenwright/demo-model';
import { load } from '@tokenwright/loaders';
import { temperature, topK, topP } from '@tokenwright/samplers';
import type { Browser } from 'playwright';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { firstLoad } from './testing/first-load.ts';
import { Playground } from './testing/playground.ts';
import { describePage } from './testing/run-mode.ts';
import { type Site, serveSite, startBrowser } from './testing/site.ts';

describePage('the playground', () => {
  let site: Site;
  let browser: Browser;
  let playground: Playground;

  beforeAll(async () => {
    site = await serveSite();
    browser = await startBrowser();
    const chain = 'temperature:temperature=0.8~top-k:k=40~top-p:p=0.95';
    playground = await Playground.open(browser, `${site.url}#chain=${chain}`);
  });
  afterAll(async () => {
    await browser?.close();
    await site?.close();
  });

  it('opens with a model on the best engine, and says why', async () => {
    expect(await playground.session()).toMatch(
      /^story 6 layers.* · fused wasm, f32 weights(, \d+ threads)?: it is the first choice for a model that fits/,
    );
  });

  it('offers examples to begin with', async () => {
    const other = await Playground.open(browser, site.url);
    await other.page.getByRole('button', { name: 'Five beams' }).click();
    await other.finished();
    expect(await other.page.locator('.node.best').count()).toBe((await other.tokens()).length);
    expect(await other.page.getByRole('radio', { name: 'Beams' }).isChecked()).toBe(true);
    await other.close();
  });

  it('writes what the library writes', async () => {
    await playground.setTokens(24);
    await playground.generate();
    const { model, tokenizer, dispose } = await load(demoModel(), { engine: await tfjs({ backend: 'cpu' }).start() });
    const samplers = [temperature({ temperature: 0.8 }), topK({ k: 40 }), topP({ p: 0.95 })];
    const { text } = await generateText(model, tokenizer, 'The captain looked at the sea and', {
      samplers,
      seed: 7,
      maxNewTokens: 24,
    });
    dispose();
    expect(await playground.tokens()).toHaveLength(24);
    // Of two line ends in a row the page shows one.
    expect((await playground.text()).replace(/\n+/g, '\n').trimEnd()).toBe(text.replace(/\n+/g, '\n').trimEnd());
  });

  it('decodes as the checkpoint asks until a chain is given', async () => {
    const other = await Playground.open(browser, `${site.url}#tokens=16`);
    expect(await other.chain()).toEqual(['temperature', 'top-p']);
    await other.generate();
    await other.tab('Code');
    const { page } = other;
    const samplers = page.locator('.options div', { has: page.locator('dt', { hasText: /^samplers$/ }) });
    expect(await samplers.textContent()).toMatch(/"top-p".*generation_config\.json/s);
    const written = await other.text();
    await page.getByLabel('temperature: temperature', { exact: true }).fill('0.05');
    await other.generate();
    expect(await samplers.textContent()).toMatch(/0\.05.*call/s);
    expect(await other.text()).not.toBe(written);
    await other.close();
  });

  it('colors tokens by their probability', async () => {
    const heats = await playground.page
      .locator('.output .token')
      .evaluateAll((all) => all.map((token) => Number((token as HTMLElement).style.getPropertyValue('--heat'))));
    expect(Math.min(...heats)).toBeLessThan(0.1);
    expect(Math.max(...heats)).toBeGreaterThan(0.3);
  });

  it('shows the candidates of a token before and after each sampler', async () => {
    const { page } = playground;
    await playground.tab('Token');
    await page.locator('.output .token').nth(2).click();
    expect(await page.locator('.stages thead .stage-name').allInnerTexts()).toEqual([
      'model',
      'temperature',
      'top-k',
      'top-p',
    ]);
    expect(await page.locator('.verdict').innerText()).toContain('Token 3:');
    const left = await page.locator('.stages tfoot tr').first().locator('td').allInnerTexts();
    expect(left.slice(0, 3)).toEqual(['4,096', '4,096', '40']);
    expect(Number(left[3])).toBeLessThan(40);
    expect(await page.locator('.stages tr.chosen').count()).toBe(1);
  });

  it('moves among tokens with the arrow keys', async () => {
    const { page } = playground;
    await page.locator('.output .text').focus();
    await page.keyboard.press('Home');
    await page.keyboard.press('ArrowRight');
    expect(await page.locator('.verdict').innerText()).toContain('Token 2:');
    expect(await page.locator('.output .text').getAttribute('aria-activedescendant')).toBe('token-1');
  });

  it('says which stage removed a token and by what margin', async () => {
    const { page } = playground;
    await page.getByLabel('top-k: k', { exact: true }).fill('2');
    await playground.generate();
    await page.locator('.output .token').first().click();
    const removed = await page.locator('.stages .removed').allInnerTexts();
    expect(removed.length).toBeGreaterThan(3);
    for (const text of removed) expect(text).toMatch(/^removed by \d+\.\d\d$/);
    await page.getByLabel('top-k: k', { exact: true }).fill('40');
  });

  it('reuses the prompt that its cache holds', async () => {
    await playground.generate();
    expect(await playground.page.locator('.meter').innerText()).toMatch(/[1-9]\d* reused/);
  });

  it('stops at once, and what has come stays', async () => {
    const { page } = playground;
    await page.getByLabel("Continue after the model's end token").check();
    await playground.setTokens(480);
    await page.getByRole('button', { name: 'Generate', exact: true }).click();
    await page.locator('.output .token').nth(5).waitFor();
    await page.getByRole('button', { name: 'Stop' }).click();
    await page.getByRole('button', { name: 'Generate', exact: true }).waitFor();
    const count = (await playground.tokens()).length;
    await page.waitForTimeout(300);
    expect((await playground.tokens()).length).toBe(count);
    expect(count).toBeLessThan(480);
    await playground.setTokens(16);
    await playground.generate();
    expect(await playground.tokens()).toHaveLength(16);
  });

  it('reorders samplers with the keyboard and warns about an order that makes no sense', async () => {
    const { page } = playground;
    await page.getByLabel('Add a sampler to: Sampler chain').selectOption('greedy');
    expect(await playground.chain()).toEqual(['temperature', 'top-k', 'top-p', 'greedy']);
    await page.getByRole('button', { name: 'Move greedy,' }).focus();
    await page.keyboard.press('ArrowUp');
    await page.keyboard.press('ArrowUp');
    expect(await playground.chain()).toEqual(['temperature', 'greedy', 'top-k', 'top-p']);
    await page.locator('.notes').first().waitFor();
    expect(await page.locator('.stage', { hasText: 'top-k' }).locator('.notes').innerText()).toMatch(
      /'greedy' leaves one token/,
    );
    expect(await page.evaluate(() => document.activeElement?.getAttribute('aria-label'))).toContain(
      'Move greedy, number 2 of 4',
    );
    await page.keyboard.press('End');
    expect((await playground.chain()).at(-1)).toBe('greedy');
    await page.getByRole('button', { name: 'Remove greedy' }).click();
    await expect.poll(() => page.locator('.notes').count()).toBe(0);
  });

  it('reorders samplers by dragging', async () => {
    const { page } = playground;
    const handle = async (name: string) => (await page.getByRole('button', { name: `Move ${name},` }).boundingBox())!;
    const [from, to] = [await handle('temperature'), await handle('top-p')];
    await page.mouse.move(from.x + 5, from.y + 5);
    await page.mouse.down();
    await page.mouse.move(to.x + 5, to.y + 10, { steps: 4 });
    await page.mouse.move(to.x + 5, to.y + to.height + 25, { steps: 4 });
    await page.mouse.up();
    expect(await playground.chain()).toEqual(['top-k', 'top-p', 'temperature']);
  });

  it('says at its stage what a parameter must be', async () => {
    const { page } = playground;
    await page.getByLabel('top-p: p', { exact: true }).fill('3');
    const note = page.locator('.stage', { hasText: 'top-p' }).locator('.notes.problem');
    await note.waitFor();
    expect(await note.innerText()).toMatch(/topP: p must be/);
    await page.getByLabel('top-p: p', { exact: true }).fill('0.95');
    await note.waitFor({ state: 'detached' });
  });

  it('generates again when something changes, with Live', async () => {
    const { page } = playground;
    await playground.generate();
    const before = await playground.text();
    await page.getByLabel('Live').check();
    await page.getByLabel('temperature: temperature', { exact: true }).fill('0.05');
    await expect.poll(() => playground.text(), { timeout: 20_000 }).not.toBe(before);
    await page.getByLabel('temperature: temperature', { exact: true }).fill('0.8');
    await expect.poll(() => playground.text(), { timeout: 20_000 }).toBe(before);
    await page.getByLabel('Live').uncheck();
  });

  it('compares two chains on the same seed', async () => {
    const { page } = playground;
    await playground.tab('Two chains');
    await page.getByRole('button', { name: 'Compare' }).click();
    await page.locator('.sides').waitFor();
    expect(await page.locator('#tab-panel .verdict').innerText()).toMatch(/part at token \d+/);
    expect(await page.locator('.sides .text').count()).toBe(2);
    expect(await page.locator('.differences').innerText()).toContain('+ greedy');
  });

  it('shows the guesses of a draft, and writes the text that it writes without', async () => {
    const { page } = playground;
    await playground.generate();
    const plain = await playground.text();
    await page.getByRole('radio', { name: 'Speculative' }).check();
    await playground.generate();
    expect(await playground.text()).toBe(plain);
    await playground.tab('Drafts');
    const accepted = await page.locator('.guess.accepted').count();
    const own = await page.locator('.guess.own').count();
    expect(accepted + own).toBe((await playground.tokens()).length);
    expect(await page.locator('#tab-panel .verdict').innerText()).toContain(`${accepted} of `);
  });

  it('shows expert, amateur and their difference side by side', async () => {
    const { page } = playground;
    await page.getByRole('radio', { name: 'Contrast' }).check();
    await playground.generate();
    await playground.tab('Expert');
    await page.locator('.output .token').nth(1).click();
    const heads = await page.locator('.contrast thead th').allInnerTexts();
    expect(heads.map((head) => head.split('\n')[0])).toEqual([
      'Candidate',
      'Expert',
      'Amateur',
      'Difference',
      'Combined',
    ]);
    const rows = await page
      .locator('.contrast tbody tr')
      .evaluateAll((all) => all.map((row) => [...row.querySelectorAll('td')].map((cell) => cell.textContent ?? '')));
    for (const [expert, amateur, difference] of rows) {
      const quotient = Math.log(Number.parseFloat(expert!) / Number.parseFloat(amateur!));
      const shown = Number(difference!.replace('−', '-'));
      // Shares are rounded to a tenth of a percent; large ones tell enough.
      if (Number.parseFloat(expert!) > 2 && Number.parseFloat(amateur!) > 2) expect(shown).toBeCloseTo(quotient, 1);
      else expect(Math.sign(shown)).toBe(Math.sign(quotient) || Math.sign(shown));
    }
    await page.getByRole('radio', { name: 'Sampling' }).check();
  });

  it('races the cache against none, live, to the same text', async () => {
    const { page } = playground;
    await playground.tab('KV cache');
    await page.locator('.race-actions input').fill('24');
    await page.getByRole('button', { name: 'Start the race' }).click();
    await page.getByText('Both wrote the same tokens.').waitFor();
    for (const line of ['.line-cached', '.line-naive'])
      expect((await page.locator(line).getAttribute('points'))!.split(' ')).toHaveLength(23);
  });

  it('restores everything from its address', async () => {
    const { page } = playground;
    await page.getByLabel('Preset for: Sampler chain').selectOption('llama.cpp');
    await page.getByLabel('Prompt', { exact: true }).fill('It was a dark night, and');
    await page.getByRole('radio', { name: 'Beams' }).check();
    await expect.poll(() => page.url()).toContain('decoding=beams');
    const [chain, url] = [await playground.chain(), page.url()];
    expect(chain).toEqual(['top-k', 'top-p', 'min-p', 'temperature']);
    const other = await Playground.open(browser, url);
    expect(await other.chain()).toEqual(chain);
    expect(await other.page.getByLabel('Prompt', { exact: true }).inputValue()).toBe('It was a dark night, and');
    await other.generate();
    await other.tab('Beam tree');
    expect(await other.page.locator('.node.best').count()).toBe((await other.tokens()).length);
    expect(other.complaints).toEqual([]);
    await other.close();
  });

  it('weighs less than 1.5 MB without its model', async () => {
    const { files } = await firstLoad(browser, site.url);
    const page = files.filter(({ model }) => !model);
    expect(page.map(({ name }) => name).join()).toMatch(/worker-.*\.js/);
    expect(page.reduce((sum, { gzip }) => sum + gzip, 0)).toBeLessThan(1.5e6);
  });

  it('has complained about nothing', () => {
    expect(playground.complaints).toEqual([]);
  });
});
