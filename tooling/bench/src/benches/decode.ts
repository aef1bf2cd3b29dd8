import type { Bench, Context } from '../harness/bench.ts';
import { forEachEngine } from '../harness/for-each-engine.ts';
import { limitContestant, printLimit, sharesOfLimit } from '../harness/limit-rows.ts';
import { ReadLimit } from '../limits/read-limit.ts';
import { label } from '../models/engines.ts';
import { type BenchModel, Position, timeGenerate } from '../models/model.ts';
import type { Shape } from '../models/shapes.ts';
import type { Row } from '../report/row.ts';
import { median, pairedRatio } from '../timing/statistics.ts';

const prompt = 128;
const rowsAtOnce = 8;

/** Greedy decoding after a prompt of 128 tokens, on every engine, in every format, on one thread and two. */
export const decodeBench: Bench = {
  name: 'decode',
  summary: 'decoding rate of each engine, format and number of threads, beside plain TensorFlow.js; one row and eight',
  async run(context) {
    const limit = await ReadLimit.open();
    try {
      await printLimit(context, limit);
      for (const shape of context.shapes) await decodeShape(context, shape, limit);
    } finally {
      await limit.close();
    }
  },
};

async function decodeShape(context: Context, shape: Shape, limit: ReadLimit): Promise<void> {
  await forEachEngine(context, shape, {
    first: async (plainModel) => {
      const rows = await decodeRows(context, plainModel, undefined, limit);
      context.print(`Decoding, ${shape.name}, plain TensorFlow.js`, rows);
    },
    visit: async (model, plainModel) => {
      const rows = await decodeRows(context, model, plainModel, limit);
      context.print(`Decoding, ${shape.name}, ${label(model.choice)}`, rows);
    },
  });
}

/** `generate` for one row, the engine's steps alone, and `generate` for eight rows, all in the same rounds. */
async function decodeRows(
  context: Context,
  model: BenchModel,
  plainModel: BenchModel | undefined,
  limit: ReadLimit,
): Promise<Row[]> {
  const tokens = context.quick ? 16 : 64;
  const tokensOfRows = context.quick ? 4 : 16;
  const threads = model.choice.threads === 1 ? 1 : 2;
  using position = await Position.open(model, prompt);
  const turns = await context.turns([
    { run: () => timeGenerate(model, { prompt, tokens }) },
    { run: () => position.timeSteps(tokens) },
    { run: () => timeGenerate(model, { prompt, tokens: tokensOfRows, rows: rowsAtOnce }) },
    limitContestant(limit, threads, context.quick),
    ...(plainModel === undefined ? [] : [{ run: () => timeGenerate(plainModel, { prompt, tokens }) }]),
  ]);
  const [one, steps, eight, limits, reference] = turns.values as [number[], number[], number[], number[], number[]?];
  const againstPlain = (times: number[]): object =>
    reference === undefined
      ? {}
      : { ratio: pairedRatio(reference, times), ratioTo: `as fast as ${plainModel!.choice.engine}` };
  const share = (times: number[]): number => median(sharesOfLimit(model.shape, model.choice.format, times, limits));
  return [
    context.row(
      { ...model.facts, ...againstPlain(one), measure: `decode ${tokens}`, unit: 'tok/s', shareOfLimit: share(one) },
      one.map((time) => 1000 / time),
      turns,
    ),
    context.row(
      {
        ...model.facts,
        ...againstPlain(steps),
        measure: `step x ${tokens}`,
        unit: 'tok/s',
        shareOfLimit: share(steps),
      },
      steps.map((time) => 1000 / time),
      turns,
    ),
    context.row(
      {
        ...model.facts,
        measure: `decode ${tokensOfRows}, ${rowsAtOnce} rows`,
        unit: 'tok/s',
        ratio: rowsAtOnce * pairedRatio(one, eight),
        ratioTo: 'as fast as one row',
      },
      eight.map((time) => (rowsAtOnce * 1000) / time),
      turns,
    ),
  ];
}
