import { spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import type { Bench } from '../harness/bench.ts';

/** What `apps/web/scripts/measure.ts` prints. Times are milliseconds. */
interface Measured {
  readonly files: readonly { readonly name: string; readonly gzip: number; readonly model: boolean }[];
  readonly times: readonly { readonly ready: number; readonly firstToken: number; readonly generateToToken: number }[];
}

/** The first visit to the playground, in a browser with an empty cache. */
export const webBench: Bench = {
  name: 'web',
  summary: 'the playground in Chromium: weight of the page (gzip), time until it is ready and until the first token',
  async run(context) {
    const { files, times } = measure(context.quick ? 1 : 5);
    // The browser is another process, so its processor time cannot be separated from that of other programs.
    const quiet = { noisy: false, foreign: undefined };
    const weight = (kept: (file: Measured['files'][number]) => boolean): number =>
      files.filter(kept).reduce((sum, { gzip }) => sum + gzip, 0) / 1e6;
    context.print('Playground, first visit, from a server on this machine', [
      context.row({ measure: 'page, gzip', unit: 'MB' }, [weight(({ model }) => !model)], quiet),
      context.row({ measure: 'demo model, gzip', unit: 'MB' }, [weight(({ model }) => model)], quiet),
      context.row(
        { measure: 'page request to ready', unit: 'ms' },
        times.map(({ ready }) => ready),
        quiet,
      ),
      context.row(
        { measure: 'page request to first token', unit: 'ms' },
        times.map(({ firstToken }) => firstToken),
        quiet,
      ),
      context.row(
        { measure: 'Generate to first token', unit: 'ms' },
        times.map(({ generateToToken }) => generateToToken),
        quiet,
      ),
    ]);
    for (const { name, gzip } of [...files].sort((a, b) => b.gzip - a.gzip).slice(0, 8))
      context.note(`  ${(gzip / 1000).toFixed(0).padStart(6)} kB  ${name}`);
  },
};

/** Runs in a separate process of the playground, which has the browser and the build as dependencies. */
function measure(visits: number): Measured {
  const folder = fileURLToPath(new URL('../../../../apps/web/', import.meta.url));
  const args = [...process.execArgv, 'scripts/measure.ts', String(visits)];
  const { status, stdout, stderr } = spawnSync(process.execPath, args, {
    cwd: folder,
    encoding: 'utf8',
    maxBuffer: 1 << 24,
  });
  if (status !== 0) throw new Error(stderr.trim().split('\n').at(-1) ?? `the process exited with status ${status}`);
  return JSON.parse(stdout.trim().split('\n').at(-1)!) as Measured;
}
