import { type ChildProcess, spawn } from 'node:child_process';
import type { Bench, Context } from '../harness/bench.ts';
import { forEachEngine } from '../harness/for-each-engine.ts';
import { label } from '../models/engines.ts';
import { type BenchModel, timeGenerate } from '../models/model.ts';
import type { Row } from '../report/row.ts';
import { pairedRatio } from '../timing/statistics.ts';

/** Decoding while another process keeps one core busy, against decoding while it sleeps. */
export const neighborBench: Bench = {
  name: 'neighbor',
  summary: 'decoding while another process keeps one core busy, against decoding alone, on each engine',
  async run(context) {
    await using neighbor = new Neighbor();
    for (const shape of context.shapes)
      await forEachEngine(context, shape, {
        first: async (plainModel) =>
          context.print(
            `Beside a busy neighbor, ${shape.name}, plain TensorFlow.js`,
            await neighborRows(context, plainModel, neighbor),
          ),
        visit: async (model) => {
          context.print(
            `Beside a busy neighbor, ${shape.name}, ${label(model.choice)}`,
            await neighborRows(context, model, neighbor),
          );
        },
      });
  },
};

async function neighborRows(context: Context, model: BenchModel, neighbor: Neighbor): Promise<Row[]> {
  const options = { prompt: 128, tokens: context.quick ? 16 : 64 };
  const turns = await context.turns(
    [{ run: () => timeGenerate(model, options) }, { run: () => neighbor.during(() => timeGenerate(model, options)) }],
    { children: [neighbor.pid] },
  );
  const [alone, beside] = turns.values as [number[], number[]];
  return [
    context.row(
      { ...model.facts, measure: 'decode, alone', unit: 'tok/s' },
      alone.map((time) => 1000 / time),
      turns,
    ),
    context.row(
      {
        ...model.facts,
        measure: 'decode, one core busy',
        unit: 'tok/s',
        ratio: pairedRatio(alone, beside),
        ratioTo: 'as fast as alone',
      },
      beside.map((time) => 1000 / time),
      turns,
    ),
  ];
}

/** A process that computes in an endless loop. It is paused except while it is needed. */
class Neighbor implements AsyncDisposable {
  readonly #process: ChildProcess;

  constructor() {
    this.#process = spawn(process.execPath, ['-e', 'for (;;);'], { stdio: 'ignore' });
    this.#process.kill('SIGSTOP');
  }

  get pid(): number {
    return this.#process.pid!;
  }

  async during<T>(work: () => Promise<T>): Promise<T> {
    this.#process.kill('SIGCONT');
    try {
      return await work();
    } finally {
      this.#process.kill('SIGSTOP');
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    const { exitCode } = this.#process;
    if (exitCode !== null) return;
    const gone = new Promise((resolve) => this.#process.once('exit', resolve));
    this.#process.kill('SIGKILL');
    await gone;
  }
}
