import type { WeightFormat } from '@tokenwright/backends/wasm';
import { ChromiumSteps } from '../browser/chromium.ts';
import { Steps, type StepsSetting } from '../browser/steps.ts';
import type { Bench, Context } from '../harness/bench.ts';
import type { Shape } from '../models/shapes.ts';
import { pairedRatio } from '../timing/statistics.ts';

const position = 128;
const weights: WeightFormat = '8-bit';

/** The same steps by the same code in Node and in Chromium, alternately. */
export const browserBench: Bench = {
  name: 'browser',
  summary: 'decoding steps of the fused wasm engine in a Worker of Chromium, with threads and without, against Node',
  async run(context) {
    for (const shape of context.shapes) {
      await compare(context, shape, 2, true);
      await compare(context, shape, 1, false);
    }
  },
};

async function compare(context: Context, shape: Shape, threads: number, isolated: boolean): Promise<void> {
  const setting: StepsSetting = { config: shape.config, weights, threads, position };
  const tokens = context.quick ? 8 : 64;
  const inBrowser = await ChromiumSteps.open(setting, isolated);
  try {
    const inNode = await Steps.open(setting);
    try {
      const turns = await context.turns([{ run: () => inNode.time(tokens) }, { run: () => inBrowser.time(tokens) }]);
      const [node, browser] = turns.values as [number[], number[]];
      // The browser is another process, so its processor time cannot be separated from that of other programs.
      const quiet = { noisy: false, foreign: undefined };
      const facts = { engine: 'fused wasm', format: weights, shape: shape.name, threads, unit: 'tok/s' } as const;
      const rates = (times: number[]): number[] => times.map((time) => 1000 / time);
      context.print(
        `Steps at position ${position}, ${shape.name}, ${threads} ${threads === 1 ? 'thread' : 'threads'}, page ${isolated ? '' : 'not '}cross-origin isolated`,
        [
          context.row({ ...facts, measure: 'step in Node' }, rates(node), quiet),
          context.row(
            {
              ...facts,
              measure: 'step in Chromium',
              ratio: pairedRatio(node, browser),
              ratioTo: 'as fast as Node',
            },
            rates(browser),
            quiet,
          ),
        ],
      );
    } finally {
      await inNode.close();
    }
  } finally {
    await inBrowser.close();
  }
}
