import type { CacheKind } from '@tokenwright/core';
import type { Bench, Context } from '../harness/bench.ts';
import { forEachEngine } from '../harness/for-each-engine.ts';
import { label } from '../models/engines.ts';
import { type BenchModel, Position } from '../models/model.ts';
import type { Row } from '../report/row.ts';
import { pairedRatio } from '../timing/statistics.ts';

const base = 100;

/** Kinds of KV cache that the engines of this library support. */
const kinds: readonly CacheKind[] = [{ kind: 'static' }, { kind: 'f16' }, { kind: '8-bit' }];

/** What a token costs as the context grows. */
export const contextBench: Bench = {
  name: 'context',
  summary: 'cost of a token at positions 16 to 1,000, against position 100, on each engine and kind of cache',
  async run(context) {
    for (const shape of context.shapes)
      await forEachEngine(context, shape, {
        first: async (plainModel) =>
          context.print(`Cost of a token, ${shape.name}, plain TensorFlow.js`, await contextRows(context, plainModel)),
        visit: async (model) => {
          for (const kind of kinds) {
            const heading = `Cost of a token, ${shape.name}, ${label(model.choice)}, ${kind.kind === 'static' ? 'f32' : kind.kind} cache`;
            context.print(heading, await contextRows(context, model, kind));
          }
        },
      });
  },
};

async function contextRows(context: Context, model: BenchModel, kind?: CacheKind): Promise<Row[]> {
  const lengths = context.quick ? [16, base, 250] : [16, base, 250, 500, 1000];
  const steps = context.quick ? 4 : 16;
  const positions: Position[] = [];
  try {
    for (const length of lengths) positions.push(await Position.open(model, length, kind));
    const turns = await context.turns(positions.map((position) => ({ run: () => position.timeSteps(steps) })));
    const atBase = turns.values[lengths.indexOf(base)]!;
    return lengths.map((length, i) => {
      const times = turns.values[i]!;
      return context.row(
        {
          ...model.facts,
          measure: `one token at ${length}`,
          unit: 'ms',
          tokensPerSecond: 1000 / [...times].sort((a, b) => a - b)[times.length >> 1]!,
          ...(length === base ? {} : { ratio: pairedRatio(times, atBase), ratioTo: `the cost at ${base}` }),
        },
        times,
        turns,
      );
    });
  } finally {
    for (const position of positions) position[Symbol.dispose]();
  }
}
