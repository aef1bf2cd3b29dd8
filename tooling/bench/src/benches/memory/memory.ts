import { spawn } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import type { Bench, Context } from '../../harness/bench.ts';
import { type Checkpoint, writeCheckpoint } from '../../models/checkpoint.ts';
import { type EngineChoice, fusedEngines, label, matching, plain } from '../../models/engines.ts';
import { cacheBytes, gpt2Small, weightBytes } from '../../models/shapes.ts';
import type { Row } from '../../report/row.ts';
import { ForeignUse, quietCores } from '../../timing/quiet.ts';
import type { MemoryReport, MemoryTask } from './memory-process.ts';

/** Memory of a loaded model, measured in a separate process for each engine and format. */
export const memoryBench: Bench = {
  name: 'memory',
  summary: 'load time, peak while loading and resident memory of each engine and format, over weights and cache',
  async run(context) {
    const positions = context.quick ? 100 : 1000;
    await using checkpoint = await writeCheckpoint(gpt2Small);
    for (const choice of [plain('wasm'), ...matching(await fusedEngines([2]), context.engine)]) {
      try {
        context.print(
          `Memory, ${gpt2Small.name}, ${label(choice)}`,
          await memoryRows(context, choice, checkpoint, positions),
        );
      } catch (error) {
        context.note(`${label(choice)} is left out: ${(error as Error).message}`);
      }
    }
    context.note(
      'Each number is that of a process of its own, less that of the same process before it loads. Ratios: peak over the weights, ' +
        `resident over the weights and a cache of ${positions} positions, each counted once and in its format (cache: float32).`,
    );
  },
};

async function memoryRows(
  context: Context,
  choice: EngineChoice,
  checkpoint: Checkpoint,
  positions: number,
): Promise<Row[]> {
  const { engine, format, threads } = choice;
  const facts = { engine, format, threads, shape: checkpoint.shape.name };
  const reports: MemoryReport[] = [];
  const foreign: (number | undefined)[] = [];
  for (let run = 0; run < (context.quick ? 1 : 3); run++) {
    const use = new ForeignUse();
    use.start();
    const task = { engine, format, threads, folder: checkpoint.folder, positions };
    const report = await measured(task);
    reports.push(report);
    const others = use.stop();
    foreign.push(others === undefined ? undefined : Math.max(0, others - report.cores));
  }
  const worst = foreign.includes(undefined) ? undefined : Math.max(...(foreign as number[]));
  const quiet = { noisy: worst !== undefined && worst > quietCores, foreign: worst };
  const weights = weightBytes(checkpoint.shape, format);
  const held = weights + cacheBytes(checkpoint.shape, positions);
  const middle = (values: readonly number[]): number => [...values].sort((a, b) => a - b)[values.length >> 1]!;
  const peaks = reports.map(({ peak }) => peak);
  const residents = reports.map(({ resident }) => resident);
  const inMegabytes = (values: readonly number[]): number[] => values.map((bytes) => bytes / 1e6);
  return [
    context.row(
      { ...facts, measure: 'load', unit: 'ms' },
      reports.map(({ loadTime }) => loadTime),
      quiet,
    ),
    context.row(
      { ...facts, measure: 'peak while loading', unit: 'MB', ratio: middle(peaks) / weights, ratioTo: 'the weights' },
      inMegabytes(peaks),
      quiet,
    ),
    context.row(
      { ...facts, measure: 'resident', unit: 'MB', ratio: middle(residents) / held, ratioTo: 'weights and cache' },
      inMegabytes(residents),
      quiet,
    ),
  ];
}

/** Run the task in a process that has imported every module and loaded no model yet. */
async function measured(task: MemoryTask): Promise<MemoryReport> {
  const script = fileURLToPath(new URL('./memory-process.ts', import.meta.url));
  const child = spawn(process.execPath, ['--expose-gc', ...process.execArgv, script, JSON.stringify(task)], {
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let output = '';
  let errors = '';
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    output += text;
  });
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    errors += text;
  });
  const status = await new Promise<number | null>((resolve, reject) => {
    child.once('error', reject);
    child.once('close', resolve);
  });
  if (status !== 0) throw new Error(errors.trim().split('\n').at(-1) ?? `the process exited with status ${status}`);
  return JSON.parse(output) as MemoryReport;
}
