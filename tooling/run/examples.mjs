// Runs every file in examples/ in sequence and fails when one of them fails. Files named browser-* run in headless Chromium.
import { spawnSync } from 'node:child_process';
import { existsSync, readdirSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const here = dirname(fileURLToPath(import.meta.url));
const folder = join(here, '..', '..', 'examples');
const files = existsSync(folder) ? readdirSync(folder).filter((name) => /\.(m?js|ts)$/.test(name)) : [];
if (files.length === 0) console.log('No examples.');
let failed = 0;
for (const name of files.sort()) {
  console.log(`--- examples/${name}`);
  const started = performance.now();
  const file = join(folder, name);
  const words = name.startsWith('browser-')
    ? [join(folder, 'run', 'in-browser.mjs'), file]
    : ['--conditions=@tokenwright/source', file];
  const run = spawnSync(process.execPath, words, { stdio: 'inherit' });
  console.log(
    `--- examples/${name}: ${run.status === 0 ? 'ok' : 'FAILED'}, ${((performance.now() - started) / 1000).toFixed(1)} s`,
  );
  if (run.status !== 0) failed++;
}
process.exit(failed === 0 ? 0 : 1);
