import type { Bench, Context } from '../harness/bench.ts';
import { limitContestant, printLimit, sharesOfLimit } from '../harness/limit-rows.ts';
import { ReadLimit } from '../limits/read-limit.ts';
import { type Checkpoint, writeCheckpoint } from '../models/checkpoint.ts';
import { plain } from '../models/engines.ts';
import { BenchModel, feed, Position, timeGenerate, timePrefill } from '../models/model.ts';
import { gpt2Small, promptOf, tiny } from '../models/shapes.ts';
import { median, pairedRatio } from '../timing/statistics.ts';

const promptLength = 128;

/** Plain TensorFlow.js: the rate of the reference engine with and without a cache, and its share of the read limit. */
export const plainBench: Bench = {
  name: 'plain',
  summary: 'plain TensorFlow.js: load, prefill, decode, cached against naive, share of the read limit (the default)',
  async run(context) {
    const limit = await ReadLimit.open();
    try {
      await printLimit(context, limit);
      await using small = await writeCheckpoint(gpt2Small);
      {
        await using wasm = await BenchModel.open(plain('wasm'), small);
        await printRates(context, [wasm], limit);
        await printCachedAgainstNaive(context, wasm, context.quick ? [32, 64] : [32, 64, 128, 256]);
      }
      await using checkpoint = await writeCheckpoint(tiny);
      await printTiny(context, checkpoint, limit);
    } finally {
      await limit.close();
    }
  },
};

async function printTiny(context: Context, checkpoint: Checkpoint, limit: ReadLimit): Promise<void> {
  await using cpu = await BenchModel.open(plain('cpu'), checkpoint);
  await using wasm = await BenchModel.open(plain('wasm'), checkpoint);
  await printRates(context, [cpu, wasm], limit);
  for (const model of [cpu, wasm])
    await printCachedAgainstNaive(context, model, context.quick ? [16, 64] : [16, 64, 128, 256, 512]);
}

/** Load, prefill and decode; ratios are to the first model. */
async function printRates(context: Context, models: readonly BenchModel[], limit: ReadLimit): Promise<void> {
  const tokens = context.quick ? 16 : 64;
  const first = models[0]!.choice.engine;
  const compare = (values: readonly (readonly number[])[], index: number): object =>
    index === 0 ? {} : { ratio: pairedRatio(values[0]!, values[index]!), ratioTo: `as fast as ${first}` };

  const loads = models.map((model) =>
    context.row({ ...model.facts, measure: 'load', unit: 'ms' }, [model.loadTime], {
      noisy: false,
      foreign: undefined,
    }),
  );

  const prefill = await context.turns(models.map((model) => ({ run: () => timePrefill(model, promptLength) })));
  const prefills = models.map((model, i) =>
    context.row(
      { ...model.facts, ...compare(prefill.values, i), measure: `prefill ${promptLength}`, unit: 'tok/s' },
      prefill.values[i]!.map((time) => (promptLength * 1000) / time),
      prefill,
    ),
  );

  const decode = await context.turns([
    ...models.map((model) => ({ run: () => timeGenerate(model, { prompt: promptLength, tokens }) })),
    limitContestant(limit, 1, context.quick),
  ]);
  const limits = decode.values.at(-1)!;
  const decodes = models.map((model, i) =>
    context.row(
      {
        ...model.facts,
        ...compare(decode.values, i),
        measure: `decode ${tokens}`,
        unit: 'tok/s',
        shareOfLimit: median(sharesOfLimit(model.shape, model.choice.format, decode.values[i]!, limits)),
      },
      decode.values[i]!.map((time) => 1000 / time),
      decode,
    ),
  );
  context.print(`Plain TensorFlow.js, ${models[0]!.shape.name}`, [...loads, ...prefills, ...decodes]);
  for (const [i, model] of models.entries())
    context.note(
      `${model.choice.engine} reaches ${decodes[i]!.shareOfLimit!.toFixed(2)} of the rate at which one thread can read ` +
        `the weights of ${model.shape.name}.`,
    );
}

/** The time of one more token with a cache, and without one, when all earlier tokens are computed again. */
async function printCachedAgainstNaive(context: Context, model: BenchModel, lengths: readonly number[]): Promise<void> {
  const positions: Position[] = [];
  try {
    for (const length of lengths) positions.push(await Position.open(model, length));
    const steps = context.quick ? 2 : 8;
    const turns = await context.turns([
      ...positions.map((position) => ({ run: () => position.timeSteps(steps) })),
      ...lengths.map((length) => ({ run: () => timeNaive(model, length) })),
    ]);
    const rows = lengths.flatMap((length, i) => {
      const cached = turns.values[i]!;
      const naive = turns.values[lengths.length + i]!;
      return [
        context.row({ ...model.facts, measure: `one token at ${length}, naive`, unit: 'ms' }, naive, turns),
        context.row(
          {
            ...model.facts,
            measure: `one token at ${length}, cached`,
            unit: 'ms',
            ratio: pairedRatio(naive, cached),
            ratioTo: 'as fast as naive',
          },
          cached,
          turns,
        ),
      ];
    });
    context.print(`Cached against naive, ${model.shape.name} on ${model.choice.engine}`, rows);
  } finally {
    for (const position of positions) position[Symbol.dispose]();
  }
}

/** One token without a cache: all earlier tokens are fed again. */
async function timeNaive({ model, shape }: BenchModel, length: number): Promise<number> {
  const cache = model.createCache();
  try {
    const began = performance.now();
    await feed(model, promptOf(shape, length + 1), cache);
    return performance.now() - began;
  } finally {
    cache.dispose();
  }
}
