// Runs the unit tests of the published packages under the Node that runs this file: `npx -p node@22 node …`. Only packages that
// use what Node provides (files, workers, sockets, WebAssembly) can differ by its version; `--all` runs the others, too, and the tests
// of WebGPU, which comes from a package and takes minutes on a software driver.
import { spawnSync } from 'node:child_process';
import { readdirSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const packages = join(dirname(fileURLToPath(import.meta.url)), '..', '..', 'packages');
const platform = ['backends', 'demo-model', 'loaders', 'tokenwright'];
const all = process.argv.includes('--all');
const chosen = all ? readdirSync(packages) : platform;
const slow = ['src/webgpu/**', 'src/tfjs/tensors-on-device.test.ts'].flatMap((files) => ['--exclude', files]);
console.log(`Node ${process.version}`);
const failed = chosen.filter((name) => {
  console.log(`--- packages/${name}`);
  const cwd = join(packages, name);
  // Programs that the tests start must use the same Node.
  const env = { ...process.env, PATH: `${dirname(process.execPath)}:${process.env.PATH}` };
  const args = [join('node_modules', 'vitest', 'vitest.mjs'), 'run', '--reporter=dot', ...(all ? [] : slow)];
  return spawnSync(process.execPath, args, { cwd, env, stdio: 'inherit' }).status !== 0;
});
if (failed.length > 0) console.error(`Failed under Node ${process.version}: ${failed.join(', ')}`);
process.exit(failed.length === 0 ? 0 : 1);
