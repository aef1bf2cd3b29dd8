// Prints, as one line of JSON, what the first visit to the built site takes: files with their sizes, and times of several visits.
import { buildSite } from '../src/testing/build-site.ts';
import { type FirstLoad, firstLoad } from '../src/testing/first-load.ts';
import { chromiumPath, hasChromium, serveSite, startBrowser } from '../src/testing/site.ts';

const visits = Number(process.argv[2] ?? 5);
if (!hasChromium) {
  process.stderr.write(`There is no Chromium at ${chromiumPath}: install one, or set CHROMIUM_PATH.\n`);
  process.exit(1);
}
await buildSite();
const site = await serveSite();
const browser = await startBrowser();
const all: FirstLoad[] = [];
for (let visit = 0; visit < visits; visit++) all.push(await firstLoad(browser, site.url));
await browser.close();
await site.close();
const times = all.map(({ ready, firstToken, generateToToken }) => ({ ready, firstToken, generateToToken }));
process.stdout.write(`${JSON.stringify({ files: all[0]!.files, times })}\n`);
process.exit();
