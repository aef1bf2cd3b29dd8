import { beforeAll, describe, expect, it } from 'vitest';
import { goldensFolder } from './run/goldens-folder.ts';
import { leftOut } from './run/left-out.ts';
import { count, describeFile, type FileReport } from './run/report.ts';
import { runGoldens } from './run/run-goldens.ts';

const root = goldensFolder();

describe.skipIf(root === undefined)('recorded results of other systems', () => {
  let reports: readonly FileReport[];

  beforeAll(async () => {
    reports = await runGoldens({ root: root!, engine: 'wasm' });
  }, 600_000);

  it('agree with the library', () => {
    const failures = reports.filter((report) => count([report]).failed > 0);
    expect(failures.flatMap((report) => describeFile(report, true))).toEqual([]);
    expect(count(reports).passed).toBeGreaterThan(2200);
  });

  it('agree with whole models on the fused WebAssembly engine: every strategy, every sampler, the same tokens', async () => {
    const fused = await runGoldens({ root: root!, engine: 'fused', only: /^generate/ });
    const failures = fused.filter((report) => count([report]).failed > 0);
    expect(failures.flatMap((report) => describeFile(report, true))).toEqual([]);
    expect(count(fused)).toMatchObject({ skipped: 0 });
    expect(count(fused).passed).toBeGreaterThan(700);
  });

  it('are skipped only where left-out.ts lists them', () => {
    const skipped = reports.flatMap(({ path, cases }) =>
      cases.flatMap(({ id, outcome }) => (outcome.status === 'skipped' ? [`${path} ${id}: ${outcome.reason}`] : [])),
    );
    const listed = leftOut.flatMap(({ path, ids, reason }) => ids.map((id) => `${path} ${id}: ${reason}`));
    expect(skipped.sort()).toEqual(listed.sort());
  });
});
