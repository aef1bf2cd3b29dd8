// Runs every file in examples/, one after the other, and fails when one fails.
import { spawnSync } from 'node:child_process';
import { existsSync, readdirSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const folder = join(dirname(fileURLToPath(import.meta.url)), '..', '..', 'examples');
const files = existsSync(folder) ? readdirSync(folder).filter((name) => /\.(m?js|ts)$/.test(name)) : [];
if (files.length === 0) console.log('No examples.');
let failed = 0;
for (const name of files.sort()) {
  console.log(`--- examples/${name}`);
  const started = performance.now();
  const run = spawnSync(process.execPath, ['--conditions=@tokenwright/source', join(folder, name)], {
    stdio: 'inherit',
  });
  console.log(
    `--- examples/${name}: ${run.status === 0 ? 'ok' : 'FAILED'}, ${((performance.now() - started) / 1000).toFixed(1)} s`,
  );
  if (run.status !== 0) failed++;
}
process.exit(failed === 0 ? 0 : 1);
