// Packs every published package and runs publint and "are the types wrong" on the tarballs. The packages must be built first.
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { packAll, run } from './pack.ts';

const folder = mkdtempSync(join(tmpdir(), 'tokenwright-pack-'));
let failed = false;
try {
  for (const { manifest, tarball } of packAll(folder)) {
    const checks: [string, ...string[]][] = [['publint', 'run', tarball, '--strict']];
    if (Object.keys(manifest.exports ?? {}).some((subpath) => subpath !== './package.json')) {
      checks.push(['attw', tarball, '--profile', 'esm-only', '--no-emoji']);
    }
    for (const [program, ...args] of checks) {
      const { status, output } = run(program, args, import.meta.dirname);
      console.log(`${manifest.name}: ${program} ${status === 0 ? 'ok' : 'FAILED'}`);
      if (status !== 0) {
        failed = true;
        console.log(output);
      }
    }
  }
} finally {
  rmSync(folder, { recursive: true, force: true });
}
process.exit(failed ? 1 : 0);
