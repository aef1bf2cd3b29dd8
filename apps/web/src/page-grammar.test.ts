import type { Browser } from 'playwright';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { Playground } from './testing/playground.ts';
import { describePage } from './testing/run-mode.ts';
import { type Site, serveSite, startBrowser } from './testing/site.ts';

describePage('the grammar of the playground', () => {
  let site: Site;
  let browser: Browser;
  let playground: Playground;

  beforeAll(async () => {
    site = await serveSite();
    browser = await startBrowser();
    playground = await Playground.open(browser, `${site.url}#tokens=120&seed=2&prompt=The+old+sailor:+`);
    await playground.tab('Grammar');
  });
  afterAll(async () => {
    await browser?.close();
    await site?.close();
  });

  const numbers = (texts: readonly string[]) => texts.map((text) => Number(text.replace('k', 'e3')));

  it('says what may come first', async () => {
    const { page } = playground;
    expect(await page.locator('.grammar-live').innerText()).toContain('Choose JSON Schema');
    await page.getByRole('radio', { name: 'JSON Schema' }).check();
    await page.locator('.expected').waitFor();
    expect(await page.locator('.expected').innerText()).toMatch(/Expected first[\s\S]*1 of 4,096 tokens fits/);
    expect(await page.locator('.expected-text code').innerText()).toBe('{"name":"');
  });

  it('writes a text that conforms, and shows its value', async () => {
    const { page } = playground;
    await playground.generate();
    const text = await playground.text();
    const value = JSON.parse(text.slice(0, text.lastIndexOf('}') + 1));
    expect(Object.keys(value)).toEqual(['name', 'age', 'mood']);
    expect(['merry', 'grave', 'weary']).toContain(value.mood);
    expect(JSON.parse(await page.locator('.document pre').innerText())).toEqual(value);
    expect(await page.locator('.grammar-verdict').innerText()).toContain('The text is complete.');
    expect(await page.locator('.expected').innerText()).toContain('complete');
  });

  it('shows how many tokens fitted, and which were forced, in the strip and in the text', async () => {
    const { page } = playground;
    const counts = numbers(await page.locator('.mask b').allInnerTexts());
    expect(counts).toHaveLength((await playground.tokens()).length);
    expect(Math.max(...counts)).toBeGreaterThan(1000);
    const forced = counts.filter((count) => count === 1).length;
    expect(forced).toBeGreaterThan(5);
    expect(await page.locator('.mask.forced').count()).toBe(forced);
    expect(await page.locator('.output .token.forced').count()).toBe(forced);
    expect(await page.locator('.grammar-verdict').innerText()).toContain(`${forced} of ${counts.length} tokens`);
    // The first token of the text is '{'; the explanation of the stage agrees with the strip.
    await playground.tab('Token');
    await page.locator('.output .token').first().click();
    expect(await page.locator('.stages thead .stage-name').allInnerTexts()).toEqual([
      'model',
      'constrain',
      'temperature',
      'top-p',
    ]);
    expect((await page.locator('.stages tfoot tr').first().locator('td').allInnerTexts())[1]).toBe('1');
    await playground.tab('Grammar');
  });

  it('goes back to the place of a token with the keyboard', async () => {
    const { page } = playground;
    const pieces = await playground.tokens();
    const strip = page.locator('.mask-strip');
    await strip.focus();
    await page.keyboard.press('Home');
    expect(await page.locator('.expected h3').innerText()).toBe('Expected at token 1');
    // Some token inside of the name.
    const inName = pieces.findIndex((_, at) => pieces.slice(0, at).join('').length > '{"name":"'.length);
    for (let at = 0; at < inName; at++) await page.keyboard.press('ArrowRight');
    expect(await page.locator('.expected .pointer').innerText()).toBe('#/properties/name');
    expect(await page.locator('.grammar-editor .here').allInnerTexts()).toEqual(['4']);
    expect(await page.locator('.document pre').innerText()).toMatch(/^\{\n {2}"name": "/);
    expect(await strip.getAttribute('aria-activedescendant')).toBe(`mask-${inName}`);
    expect(await page.locator(`#mask-${inName}`).getAttribute('aria-selected')).toBe('true');
  });

  it('shows errors at the field, with the pointer or the line', async () => {
    const { page } = playground;
    const editor = page.locator('.grammar-editor textarea');
    const problem = page.locator('#grammar-problem.problem');
    await editor.fill('{\n "properties": {\n  "a": { "$dynamicRef": "#x" }\n }\n}');
    await problem.waitFor();
    expect(await problem.innerText()).toBe("#/properties/a '$dynamicRef' is not supported.");
    expect(await page.locator('.grammar-editor .wrong').allInnerTexts()).toEqual(['3']);
    expect(await editor.getAttribute('aria-invalid')).toBe('true');
    await editor.fill('{\n "type":\n  "object",}');
    await expect.poll(() => problem.innerText()).toMatch(/^Line 3: /);
    await page.getByRole('radio', { name: 'GBNF' }).check();
    await problem.waitFor({ state: 'detached' });
    await editor.fill('root ::= item\nitem ::= other');
    await expect.poll(() => problem.innerText()).toMatch(/^Line 2: the unknown rule 'other'/);
    await page.getByRole('radio', { name: 'JSON Schema' }).check();
    expect(await editor.inputValue()).toBe('{\n "type":\n  "object",}');
  });

  it('has grammars to start from, which all write a text to its end', async () => {
    const { page } = playground;
    for (const kind of ['Pattern', 'GBNF']) {
      await page.getByRole('radio', { name: kind }).check();
      await page.getByLabel('Grammars to start from').selectOption('0');
      await page.locator('.expected').waitFor();
      await playground.generate();
      expect(await page.locator('.grammar-verdict').innerText(), kind).toContain('The text is complete.');
    }
    expect(await playground.text()).toMatch(/^[\d+() ]+ = \d{1,3}/);
  });

  it('works with beams and with drafts', async () => {
    const { page } = playground;
    await page.getByRole('radio', { name: 'Pattern' }).check();
    await page.getByLabel('Grammars to start from').selectOption('0');
    for (const decoding of ['Beams', 'Speculative']) {
      await page.getByRole('radio', { name: decoding }).check();
      await playground.generate();
      expect(await playground.text(), decoding).toMatch(/^ \d{4}-\d\d-\d\d/);
      expect(await page.locator('.mask').count()).toBe((await playground.tokens()).length);
    }
    await page.getByRole('radio', { name: 'Sampling' }).check();
  });

  it('is in the address and in the code, and can be switched off', async () => {
    const { page } = playground;
    await expect.poll(() => page.url()).toContain('grammar=regex');
    const other = await Playground.open(browser, page.url());
    await other.generate();
    expect(await other.text()).toMatch(/^ \d{4}-\d\d-\d\d/);
    await other.tab('Code');
    expect(await other.page.locator('.listing').innerText()).toContain('constrain({ automaton: regularExpression(');
    await other.tab('Grammar');
    await other.page.getByRole('radio', { name: 'Off' }).check();
    await other.setTokens(8);
    await other.generate();
    expect(await other.text()).not.toMatch(/^ \d{4}-\d\d-\d\d/);
    expect(other.complaints).toEqual([]);
    await other.close();
  });

  it('fits a phone', async () => {
    const { page } = playground;
    await page.setViewportSize({ width: 390, height: 844 });
    expect(await page.evaluate(() => document.documentElement.scrollWidth)).toBeLessThanOrEqual(390);
    expect(playground.complaints).toEqual([]);
  });
});
