import type { Bench, Context } from '../harness/bench.ts';
import { forEachEngine } from '../harness/for-each-engine.ts';
import { label } from '../models/engines.ts';
import { type BenchModel, timePrefill } from '../models/model.ts';
import type { Row } from '../report/row.ts';
import { pairedRatio } from '../timing/statistics.ts';

/** Reading prompts of several lengths, on every engine. */
export const prefillBench: Bench = {
  name: 'prefill',
  summary: 'rate at which prompts of 32, 128 and 512 tokens are read, on each engine, beside plain TensorFlow.js',
  async run(context) {
    for (const shape of context.shapes)
      await forEachEngine(context, shape, {
        first: async (plainModel) =>
          context.print(
            `Reading a prompt, ${shape.name}, plain TensorFlow.js`,
            await prefillRows(context, plainModel, undefined),
          ),
        visit: async (model, plainModel) => {
          context.print(
            `Reading a prompt, ${shape.name}, ${label(model.choice)}`,
            await prefillRows(context, model, plainModel),
          );
        },
      });
  },
};

async function prefillRows(context: Context, model: BenchModel, plainModel: BenchModel | undefined): Promise<Row[]> {
  const lengths = context.quick ? [32, 128] : [32, 128, 512];
  const models = plainModel === undefined ? [model] : [model, plainModel];
  const turns = await context.turns(
    models.flatMap((each) => lengths.map((length) => ({ run: () => timePrefill(each, length) }))),
  );
  return lengths.map((length, i) => {
    const times = turns.values[i]!;
    const reference = turns.values[lengths.length + i];
    return context.row(
      {
        ...model.facts,
        measure: `prefill ${length}`,
        unit: 'tok/s',
        ...(reference === undefined
          ? {}
          : { ratio: pairedRatio(reference, times), ratioTo: `as fast as ${plainModel!.choice.engine}` }),
      },
      times.map((time) => (length * 1000) / time),
      turns,
    );
  });
}
