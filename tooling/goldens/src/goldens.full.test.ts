import { describe, expect, it } from 'vitest';
import { goldensFolder } from './run/goldens-folder.ts';
import { count, describeFile } from './run/report.ts';
import { runGoldens } from './run/run-goldens.ts';

const root = goldensFolder();

describe.skipIf(root === undefined)('recorded results of other systems', () => {
  it('agree with the models on the cpu backend', { timeout: 900_000 }, async () => {
    const reports = await runGoldens({ root: root!, engine: 'cpu', only: /^(generate|xtransformers)/ });
    const failures = reports.filter((report) => count([report]).failed > 0);
    expect(failures.flatMap((report) => describeFile(report, true))).toEqual([]);
    expect(count(reports).passed).toBeGreaterThan(900);
  });
});
