// Takes the screenshots of the README again, from the built site: `pnpm --filter @tokenwright/web screenshots`.
import { mkdirSync, statSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import type { Browser, Page } from 'playwright';
import { buildSite } from '../src/testing/build-site.ts';
import { Playground } from '../src/testing/playground.ts';
import { serveSite, startBrowser } from '../src/testing/site.ts';

interface Shot {
  readonly name: string;
  readonly fragment: string;
  readonly size: { readonly width: number; readonly height: number };
  readonly scheme: 'light' | 'dark';
  prepare(playground: Playground): Promise<void>;
}

const shots: readonly Shot[] = [
  {
    name: 'token',
    fragment: '#tokens=48',
    size: { width: 1280, height: 1080 },
    scheme: 'light',
    prepare: (playground) => playground.generate(),
  },
  {
    name: 'beams',
    fragment: '#tokens=14&decoding=beams:numBeams=5&prompt=The+old+king+had+three+daughters,+and',
    size: { width: 1280, height: 1000 },
    scheme: 'dark',
    async prepare(playground) {
      await playground.generate();
      await playground.tab('Beam tree');
    },
  },
  {
    name: 'grammar',
    fragment: '#tokens=120&seed=2&grammar=schema&prompt=The+old+sailor,+as+a+record:+',
    size: { width: 1280, height: 1440 },
    scheme: 'light',
    async prepare(playground) {
      await playground.tab('Grammar');
      await playground.generate();
      await playground.page.locator('.mask').nth(11).click();
    },
  },
  {
    name: 'phone',
    fragment: '#tokens=40&decoding=contrast&seed=3',
    size: { width: 390, height: 1330 },
    scheme: 'light',
    async prepare(playground) {
      await playground.generate();
      await playground.tab('Expert');
    },
  },
];

const folder = fileURLToPath(new URL('../screenshots/', import.meta.url));

async function take(browser: Browser, url: string, { name, fragment, size, scheme, prepare }: Shot): Promise<void> {
  const playground = await Playground.open(browser, url + fragment, {
    viewport: size,
    colorScheme: scheme,
    isMobile: size.width < 500,
  });
  await prepare(playground);
  await settle(playground.page);
  const path = `${folder}${name}.png`;
  await playground.page.screenshot({ path });
  console.log(`${name}.png ${Math.round(statSync(path).size / 1000)} kB`);
  await playground.close();
}

/** The pointer and the focus leave no trace in a picture. */
async function settle(page: Page): Promise<void> {
  await page.mouse.move(0, 0);
  await page.evaluate(() => {
    (document.activeElement as HTMLElement | null)?.blur();
    scrollTo(0, 0);
  });
  await page.waitForTimeout(200);
}

mkdirSync(folder, { recursive: true });
await buildSite();
const site = await serveSite();
const browser = await startBrowser();
for (const shot of shots) await take(browser, site.url, shot);
await browser.close();
await site.close();
process.exit();
