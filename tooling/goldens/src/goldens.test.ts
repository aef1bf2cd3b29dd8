import { describe, expect, it } from 'vitest';
import { goldensFolder } from './goldens-folder.ts';
import { leftOut } from './left-out.ts';
import { count, describeFile } from './report.ts';
import { runGoldens } from './run-goldens.ts';

const root = goldensFolder();

describe.skipIf(root === undefined)('recorded results of other systems', () => {
  it('agree with the library, but for searches with beams', { timeout: 300_000 }, async () => {
    const reports = await runGoldens({ root: root!, engine: 'wasm', only: /^(?!generate\/.*(beam|constrained))/ });
    const { passed, failed } = count(reports);
    const failures = reports.filter((report) => count([report]).failed > 0);
    expect(failures.flatMap((report) => describeFile(report, true))).toEqual([]);
    expect(failed).toBe(0);
    expect(passed).toBeGreaterThan(1600);
  });

  it('are left out only with a reason, and every entry of the list is needed', { timeout: 300_000 }, async () => {
    const reports = await runGoldens({ root: root!, engine: 'wasm', only: /^(processors|llamacpp|xtransformers)/ });
    for (const { path, ids } of leftOut) {
      const report = reports.find((each) => each.path === path);
      for (const id of ids) expect(report?.cases.map((each) => each.id)).toContain(id);
    }
  });
});
