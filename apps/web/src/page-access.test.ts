import axe from 'axe-core';
import type { Browser } from 'playwright';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { Playground } from './testing/playground.ts';
import { describePage } from './testing/run-mode.ts';
import { type Site, serveSite, startBrowser } from './testing/site.ts';

describePage('access to the playground', () => {
  let site: Site;
  let browser: Browser;

  beforeAll(async () => {
    site = await serveSite();
    browser = await startBrowser();
  });
  afterAll(async () => {
    await browser?.close();
    await site?.close();
  });

  /** What axe finds that is serious or worse, as 'rule: element'. */
  async function serious({ page }: Playground): Promise<string[]> {
    if (!(await page.evaluate(() => 'axe' in globalThis))) await page.addScriptTag({ content: axe.source });
    const { violations } = await page.evaluate(() => (globalThis as unknown as { axe: typeof axe }).axe.run());
    return violations
      .filter(({ impact }) => impact === 'serious' || impact === 'critical')
      .flatMap(({ id, nodes }) => nodes.map(({ target, failureSummary }) => `${id}: ${target} ${failureSummary}`));
  }

  it.each(['light', 'dark'] as const)('axe finds nothing serious in any view, %s', async (colorScheme) => {
    const playground = await Playground.open(browser, `${site.url}#tokens=20&chain=greedy~top-k:k=4~top-p:p=7`, {
      colorScheme,
    });
    expect(await serious(playground)).toEqual([]);
    await playground.page.getByLabel('top-p: p', { exact: true }).fill('0.9');
    await playground.generate();
    // The other views have no colors of their own.
    for (const tab of colorScheme === 'light' ? ['Token', 'KV cache', 'Your sampler', 'Code'] : ['Token']) {
      await playground.tab(tab);
      expect(await serious(playground), tab).toEqual([]);
    }
    await playground.tab('Two chains');
    await playground.page.getByRole('button', { name: 'Compare' }).click();
    await playground.page.locator('.sides').waitFor();
    expect(await serious(playground), 'Two chains').toEqual([]);
    await playground.openModelDialog();
    expect(await serious(playground), 'the model dialog').toEqual([]);
    await playground.close();
  });

  it.each(['light', 'dark'] as const)('axe finds nothing serious in a grammar at work, %s', async (colorScheme) => {
    const playground = await Playground.open(browser, `${site.url}#tokens=40&grammar=schema`, { colorScheme });
    await playground.tab('Grammar');
    await playground.generate();
    await playground.page.locator('.mask').nth(3).click();
    expect(await serious(playground), 'a token').toEqual([]);
    await playground.page.locator('.grammar-editor textarea').fill('{"type": 1}');
    await playground.page.locator('#grammar-problem.problem').waitFor();
    expect(await serious(playground), 'an error').toEqual([]);
    await playground.close();
  });

  it.each(['beams', 'contrast', 'speculative'])(
    'axe finds nothing serious in the picture of %s, on a phone',
    async (kind) => {
      const url = `${site.url}#tokens=12&decoding=${kind}`;
      const playground = await Playground.open(browser, url, { viewport: { width: 390, height: 844 } });
      await playground.generate();
      await playground.page.getByRole('tab').nth(1).click();
      expect(await serious(playground)).toEqual([]);
      // Nothing makes the page wider than the phone.
      expect(await playground.page.evaluate(() => document.documentElement.scrollWidth)).toBeLessThanOrEqual(390);
      expect(playground.complaints).toEqual([]);
      await playground.close();
    },
  );

  it('can be used without a mouse', async () => {
    const playground = await Playground.open(browser, `${site.url}#tokens=6`);
    const { page } = playground;
    await page.getByLabel('Prompt', { exact: true }).focus();
    await page.keyboard.press('Control+Enter');
    await playground.finished();
    await page.getByRole('tab', { name: 'Token' }).focus();
    for (const name of ['Strategy', 'Two chains', 'KV cache', 'Grammar', 'Your sampler', 'Code', 'Token']) {
      await page.keyboard.press('ArrowRight');
      expect(await page.getByRole('tab', { selected: true }).innerText()).toBe(name);
    }
    await playground.close();
  });

  it('does not shift while it loads and generates', async () => {
    const context = await browser.newContext({ viewport: { width: 1280, height: 900 } });
    const page = await context.newPage();
    await page.addInitScript(() => {
      const seen = globalThis as unknown as { shift: number };
      seen.shift = 0;
      new PerformanceObserver((list) => {
        // As the metric is defined: a change right after an input does not count.
        for (const entry of list.getEntries() as unknown as { value: number; hadRecentInput: boolean }[])
          if (!entry.hadRecentInput) seen.shift += entry.value;
      }).observe({ type: 'layout-shift', buffered: true });
    });
    await page.goto(`${site.url}#tokens=30`);
    await page.locator('.prompt .primary:enabled').click();
    await page.getByText('first after').waitFor();
    // What Lighthouse calls good is below 0.1.
    expect(await page.evaluate(() => (globalThis as unknown as { shift: number }).shift)).toBeLessThan(0.1);
    await context.close();
  });
});
