import { resolve } from 'node:path';
import { type Arguments, readArguments, usage } from './run/arguments.ts';
import { GoldensFolderError } from './run/golden-files.ts';
import { count, describeFile, describeTotal } from './run/report.ts';
import { runGoldens } from './run/run-goldens.ts';

let given: Arguments | undefined;
try {
  given = readArguments(process.argv.slice(2));
} catch (error) {
  console.error(`${(error as Error).message}\n\n${usage}`);
  process.exitCode = 2;
}

if (given !== undefined) {
  const { only, engine, verbose } = given;
  // pnpm runs scripts in the folder of their package; resolve the path from the directory of the caller.
  const root = resolve(process.env.INIT_CWD ?? process.cwd(), given.root);
  try {
    const reports = await runGoldens({
      root,
      only,
      engine,
      onFile: (report) => console.log(describeFile(report, verbose).join('\n')),
    });
    console.log(describeTotal(reports).join('\n'));
    const { passed, failed } = count(reports);
    if (passed + failed === 0) console.error('no case was run');
    process.exitCode = failed > 0 || passed + failed === 0 ? 1 : 0;
  } catch (error) {
    if (!(error instanceof GoldensFolderError)) throw error;
    console.error(error.message);
    process.exitCode = 2;
  }
}
