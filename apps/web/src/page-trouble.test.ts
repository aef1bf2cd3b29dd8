import { cpSync, existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Browser } from 'playwright';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { fakeHub } from './testing/fake-hub.ts';
import { Playground } from './testing/playground.ts';
import { describePage } from './testing/run-mode.ts';
import { type Site, serveSite, startBrowser } from './testing/site.ts';

const shared = fileURLToPath(new URL('../../../../shared/fixtures/stories260k', import.meta.url));
const demo = fileURLToPath(new URL('../../../packages/demo-model/models/story-amateur', import.meta.url));

describePage('the playground with code, engines and models of the user', () => {
  let site: Site;
  let browser: Browser;
  let playground: Playground;
  let folder: string;

  beforeAll(async () => {
    folder = mkdtempSync(join(tmpdir(), 'tokenwright-page-'));
    site = await serveSite();
    browser = await startBrowser();
    playground = await Playground.open(browser, `${site.url}#tokens=8`);
  });
  afterAll(async () => {
    await browser?.close();
    await site?.close();
    rmSync(folder, { recursive: true, force: true });
  });

  const write = (code: string): Promise<void> => playground.page.getByLabel('Code of your sampler').fill(code);
  const verdict = () => playground.page.locator('#code-problem');

  it('runs a sampler that is typed into the page', async () => {
    const { page } = playground;
    await playground.tab('Your sampler');
    await page.getByRole('button', { name: 'Add it to the chain' }).click();
    await verdict().getByText('In force.').waitFor();
    await playground.generate();
    expect(await playground.text()).not.toMatch(/e/i);
    expect((await playground.text()).length).toBeGreaterThan(4);
  });

  it('shows an error at its line: of the syntax, when it is made, when it runs', async () => {
    const { page } = playground;
    await write('const a = 1;\nexport default { name: "x", onHost(logits { } };');
    await verdict().getByText('Line 2:').waitFor();
    expect(await page.locator('.gutter .wrong').innerText()).toBe('2');
    await write('\n\nnothing();\nexport default { name: "x", onHost() {} };');
    await verdict().getByText('Line 3: ').waitFor();
    expect(await verdict().innerText()).toContain('nothing is not defined');
    await write('export default { name: "x" };');
    await verdict().getByText('a function onHost').waitFor();
    await write('export default {\n  name: "x",\n  onHost(logits) {\n    logits.missing();\n  },\n};');
    await verdict().getByText('In force.').waitFor();
    await playground.generate();
    expect(await page.locator('.output .problem').innerText()).toMatch(/logits\.missing is not a function.*line 4/);
    await verdict().getByText('Line 4:').waitFor();
  });

  it('applies what is typed to a run that is under way', async () => {
    const { page } = playground;
    const code = (letter: string) => `export default {
      name: 'without',
      onHost(logits) {
        for (let id = 0; id < logits.length; id++) if (/${letter}/i.test(text(id))) logits[id] = -Infinity;
      },
    };`;
    await write(code('q'));
    await verdict().getByText('In force.').waitFor();
    await page.getByLabel("Continue after the model's end token").check();
    await playground.setTokens(240);
    await page.getByRole('button', { name: 'Generate', exact: true }).click();
    await page.locator('.output .token').nth(3).waitFor();
    await write(code('e'));
    await playground.finished();
    const last = (await playground.tokens()).slice(-100).join('');
    expect(last.length).toBeGreaterThan(100);
    expect(last).not.toMatch(/e/i);
    await playground.setTokens(8);
  });

  it('says at the sampler that nothing can be sampled after it', async () => {
    const { page } = playground;
    await write('export default { name: "nothing", onHost(logits) { logits.fill(-Infinity); } };');
    await verdict().getByText('In force.').waitFor();
    await playground.generate();
    expect(await page.locator('.output .problem').innerText()).toMatch(/no token is left/);
    await verdict().getByText("After 'nothing' no token is left").waitFor();
  });

  it('ends a worker in which a sampler does not end, reports it, and continues', async () => {
    const { page } = playground;
    await write('export default {\n  name: "endless",\n  onHost() {\n    for (;;);\n  },\n};');
    await verdict().getByText('In force.').waitFor();
    const [before] = page.workers();
    await page.getByRole('button', { name: 'Generate', exact: true }).click();
    await page.locator('.notice').waitFor();
    expect(await page.locator('.notice').innerText()).toMatch(/more than 2 seconds, so its worker was ended/);
    await playground.ready();
    expect(await page.getByLabel('custom is on').isChecked()).toBe(false);
    await verdict().getByText('It did not end within 2 seconds').waitFor();
    // Chromium gives a worker some seconds to end.
    await expect.poll(() => page.workers(), { timeout: 20_000 }).not.toContain(before);
    await write('export default { name: "fine", onHost() {} };');
    await verdict().getByText('Switched off in the chain.').waitFor();
    await page.getByLabel('custom is on').check();
    await verdict().getByText('In force.').waitFor();
    await playground.generate();
    expect(await playground.tokens()).toHaveLength(8);
  });

  it('ends code that does not end when it is compiled once, not again and again', async () => {
    const { page } = playground;
    let workers = 0;
    const count = (): void => void workers++;
    page.on('worker', count);
    await write('for (;;);\nexport default { name: "x", onHost() {} };');
    await page.locator('.notice').waitFor();
    await playground.ready();
    const started = workers;
    // Longer than user code may run: another end would start more workers.
    await page.waitForTimeout(4000);
    page.off('worker', count);
    expect(workers).toBe(started);
    expect(await page.getByLabel('custom is on').isChecked()).toBe(false);
    await playground.ready({ timeout: 100 });
    await write('export default { name: "fine", onHost() {} };');
    await playground.generate();
    expect(await playground.tokens()).toHaveLength(8);
    await page.getByRole('button', { name: 'Remove custom' }).click();
  });

  // A software driver compiles the shaders of WebGPU on the processor, which other suites may be using.
  it('writes the same on every engine', { timeout: 600_000 }, async () => {
    await playground.setTokens(2);
    await playground.generate();
    const expected = await playground.text();
    for (const [label, name] of [
      ['TF.js wasm', 'tfjs wasm'],
      ['TF.js cpu', 'tfjs cpu'],
      ['TF.js WebGPU', 'tfjs webgpu'],
      ['Fused WebGPU', 'fused webgpu'],
      ['Fused wasm', 'fused wasm'],
    ] as const) {
      await playground.chooseEngine(label);
      expect(await playground.session()).toContain(`${name}`);
      await playground.generate({ timeout: 180_000 });
      expect(await playground.text(), label).toBe(expected);
    }
  });

  it('leaves nothing behind: several generations, a model and back', async () => {
    await playground.setTokens(16);
    await playground.generate();
    const [before, workers] = [await playground.memory(), playground.page.workers().length];
    for (let i = 0; i < 2; i++) await playground.generate();
    await playground.setTokens(240);
    await playground.page.getByRole('button', { name: 'Generate', exact: true }).click();
    await playground.page.locator('.output .token').nth(20).waitFor();
    await playground.page.getByRole('button', { name: 'Stop' }).click();
    await playground.setTokens(16);
    await playground.generate();
    expect(await playground.memory()).toEqual(before);
    for (const name of ['story-amateur', 'story']) {
      await playground.openModelDialog();
      await playground.page.getByRole('button', { name: new RegExp(`^${name} `) }).click();
      await playground.page.locator('.session b', { hasText: new RegExp(`^${name}$`) }).waitFor();
      await playground.ready();
      await playground.generate();
    }
    expect(await playground.memory()).toEqual(before);
    expect(playground.page.workers().length).toBe(workers);
  });

  it('opens the folder of a model', async () => {
    const { page } = playground;
    const name = existsSync(shared) ? 'stories260k' : 'my-story';
    cpSync(existsSync(shared) ? shared : demo, join(folder, name), { recursive: true });
    await playground.openModelDialog();
    await page.locator('input[webkitdirectory]').setInputFiles(join(folder, name));
    await page.locator('.session b', { hasText: name }).waitFor();
    await playground.generate();
    expect(await playground.tokens()).toHaveLength(16);
    // A tokenizer that drops the first space of a text has tokens with a space before all the same.
    if (existsSync(shared)) {
      await page.locator('.output .token').nth(3).click();
      expect(await playground.text()).toMatch(/^\S* ?\S+ \S+ \S+/);
    }
  });

  it('takes files that are dropped on it', async () => {
    const { page } = playground;
    const contents = ['config.json', 'tokenizer.json', 'model.safetensors'].map((file) => ({
      file,
      base64: readFileSync(join(demo, file)).toString('base64'),
    }));
    await page.evaluate((dropped) => {
      const transfer = new DataTransfer();
      for (const { file, base64 } of dropped)
        transfer.items.add(new File([Uint8Array.from(atob(base64), (character) => character.charCodeAt(0))], file));
      for (const type of ['dragover', 'drop'])
        document.body.dispatchEvent(new DragEvent(type, { dataTransfer: transfer, bubbles: true, cancelable: true }));
    }, contents);
    await page.locator('.session b', { hasText: 'model.safetensors' }).waitFor();
    await playground.generate();
    expect(await playground.tokens()).toHaveLength(16);
  });

  it('keeps the model when another cannot be opened', async () => {
    const { page } = playground;
    await playground.openModelDialog();
    await page.locator('input[accept]').setInputFiles(join(demo, 'config.json'));
    const line = page.locator('.session.failed');
    await line.waitFor();
    expect(await line.innerText()).toMatch(/stays/);
    await playground.generate();
    expect(await playground.tokens()).toHaveLength(16);
  });

  it('says of a GGUF file that is none what it is', async () => {
    const { page } = playground;
    await playground.openModelDialog();
    const files = {
      name: 'broken.gguf',
      mimeType: 'application/octet-stream',
      buffer: Buffer.from('GGUF, or so it says, but no header follows'),
    };
    await page.locator('input[accept]').setInputFiles(files);
    await expect.poll(() => page.locator('.session.failed').innerText()).toMatch(/broken\.gguf: [\s\S]*stays/);
  });

  it('has complained about nothing', () => {
    expect(playground.complaints).toEqual([]);
  });

  it('downloads a model from a hub, keeps it, and lets it go', async () => {
    const other = await Playground.open(browser, `${site.url}#tokens=4`);
    const { page } = other;
    const { downloads } = await fakeHub(page.context(), 'some/story', demo);
    const name = page.getByLabel('Name of a model on huggingface.co');
    for (let visit = 1; visit <= 2; visit++) {
      await other.openModelDialog();
      if (visit === 1) await name.fill('some/story');
      else await page.getByRole('button', { name: /^some\/story/ }).waitFor();
      await (visit === 1 ? name.press('Enter') : page.getByRole('button', { name: /^some\/story/ }).click());
      await page.locator('.session b', { hasText: 'some/story' }).waitFor();
      await other.ready();
      // What the browser keeps is not downloaded again.
      expect(downloads.filter((file) => file === 'model.safetensors')).toHaveLength(1);
    }
    await other.generate();
    expect(await other.tokens()).toHaveLength(4);
    await other.openModelDialog();
    await page.getByRole('button', { name: 'Remove some/story' }).click();
    await page.getByLabel('Models that this browser keeps').waitFor({ state: 'detached' });
    expect(other.complaints).toEqual([]);
    await other.close();
  });

  it('cancels a download, and the loaded model keeps working', async () => {
    const other = await Playground.open(browser, `${site.url}#tokens=4`);
    const { page } = other;
    let asked = false;
    await page.context().route('https://huggingface.co/**', () => {
      asked = true; // and never answered
    });
    await other.openModelDialog();
    await page.getByLabel('Name of a model on huggingface.co').fill('some/slow');
    await page.keyboard.press('Enter');
    await page.getByText('Requesting some/slow').waitFor();
    await expect.poll(() => asked).toBe(true);
    await page.getByRole('button', { name: 'Cancel' }).click();
    expect(await other.session()).toMatch(/^story /);
    await other.generate();
    expect(await other.tokens()).toHaveLength(4);
    await other.close();
  });

  it('says what to do when the hub cannot be reached', async () => {
    const other = await Playground.open(browser, `${site.url}#tokens=4`);
    const { page } = other;
    await page.context().route('https://huggingface.co/**', (route) => route.abort('internetdisconnected'));
    await other.openModelDialog();
    await page.getByLabel('Name of a model on huggingface.co').fill('https://huggingface.co/some/story/tree/main');
    await page.keyboard.press('Enter');
    // After the first attempt already.
    await page.getByText(/could not send the request.*trying again/).waitFor();
    const line = page.locator('.session.failed');
    await line.waitFor();
    expect(await line.innerText()).toMatch(/some\/story: the browser could not send.*open a model from files.*stays/s);
    expect(await line.innerText()).not.toContain('TypeError');
    await other.close();
  });

  it('names what a link has that the page does not use', async () => {
    const other = await Playground.open(browser, `${site.url}#tokens=4&temperature=0.5&engine=quantum&model=mine.gguf`);
    const notice = await other.page.locator('.notice').innerText();
    expect(notice).toMatch(/unknown or invalid here: temperature=0\.5, engine=quantum\./);
    expect(notice).toMatch(/mine\.gguf was opened from a file.*until then story is used/);
    await other.close();
  });

  it('refuses more beams than the engines compute at once, and forgets the error with another model', async () => {
    const other = await Playground.open(browser, `${site.url}#tokens=4&decoding=beams:numBeams=9999`);
    await other.generate();
    expect(await other.page.locator('.output .problem').innerText()).toMatch(/numBeams must be at most 32, but 9999/);
    await other.openModelDialog();
    await other.page.getByRole('button', { name: /^story-amateur / }).click();
    await other.page.locator('.session b', { hasText: /^story-amateur$/ }).waitFor();
    await other.page.locator('.output .problem').waitFor({ state: 'detached' });
    await other.close();
  });

  it('does not run the code of a link before it is switched on', async () => {
    const code = encodeURIComponent('export default { name: "theirs", onHost() { throw new Error("ran"); } };');
    const other = await Playground.open(browser, `${site.url}#tokens=4&chain=custom~greedy&code=${code}`);
    expect(await other.page.locator('.notice').innerText()).toMatch(/switched off/);
    await other.generate();
    expect(await other.tokens()).toHaveLength(4);
    await other.page.getByLabel('custom is on').check();
    await other.generate();
    expect(await other.page.locator('.output .problem').innerText()).toContain('ran');
    await other.close();
  });

  it('works without cross-origin isolation, on one thread, and says so', async () => {
    const plain = await serveSite({ isolated: false });
    const other = await Playground.open(browser, `${plain.url}#tokens=4`);
    expect(await other.session()).toMatch(/runs on one thread, not \d+: memory cannot be shared\. Serve the page with/);
    await other.generate();
    expect(await other.tokens()).toHaveLength(4);
    expect(other.complaints).toEqual([]);
    await other.close();
    await plain.close();
  });
});
