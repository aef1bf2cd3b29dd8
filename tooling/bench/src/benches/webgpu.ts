import type { Bench, Context } from '../harness/bench.ts';
import { sharesOfLimit } from '../harness/limit-rows.ts';
import { type Gpu, openGpu } from '../limits/gpu.ts';
import { GpuReadLimit } from '../limits/gpu-read-limit.ts';
import { fusedWebgpu, matching, plain } from '../models/engines.ts';
import { BenchModel, Position, timeGenerate } from '../models/model.ts';
import { gpt2Small, llama1B, type Shape, tiny } from '../models/shapes.ts';
import type { Row } from '../report/row.ts';
import { median, pairedRatio } from '../timing/statistics.ts';

const formats = ['f16', '8-bit', '4-bit-blocks'];

/** How much is measured. A software driver is a thousand times slower. */
interface Extent {
  readonly prompt: number;
  readonly tokens: number;
  readonly limitBytes: number;
  readonly limitPasses: number;
}

/** Decoding on a graphics card: the fused engine against plain TensorFlow.js and against what the card's memory allows. */
export const webgpuBench: Bench = {
  name: 'webgpu',
  summary:
    'decoding on a graphics card: the fused engine in three formats, plain TensorFlow.js and the read limit, alternately',
  async run(context) {
    const gpu = await openGpu(context.software);
    if (gpu === undefined)
      return fail('WebGPU finds no adapter here: no driver for Vulkan, Metal or D3D12, or no package webgpu.');
    context.note(`Adapter: ${gpu.description}; ${abilitiesOf(gpu)}`);
    if (gpu.software && !context.software)
      return fail(
        'This adapter is software on the processor, so no speed of it means anything. --software runs the bench nevertheless.',
      );
    if (gpu.software)
      context.note('The numbers below mean nothing: this adapter is software. They show that the bench works.');
    const extent = extentOf(gpu, context);
    const shapes = context.shapeNamed === undefined ? [gpt2Small, llama1B] : context.among([tiny, gpt2Small, llama1B]);
    const limit = await GpuReadLimit.open(gpu, extent.limitBytes);
    try {
      for (const shape of shapes) await decodeShape(context, gpu, shape, limit, extent);
    } finally {
      limit.close();
    }
  },
};

function fail(line: string): void {
  process.stderr.write(`${line}\n`);
  process.exitCode = 1;
}

function extentOf({ software }: Gpu, { quick }: Context): Extent {
  if (software) return { prompt: 4, tokens: 4, limitBytes: 2 ** 25, limitPasses: 1 };
  return { prompt: 128, tokens: quick ? 16 : 64, limitBytes: 2 ** 30, limitPasses: quick ? 8 : 32 };
}

function abilitiesOf({ adapter: { features, limits } }: Gpu): string {
  const has = (feature: string): string => `${feature} ${features.has(feature) ? 'yes' : 'no'}`;
  return `${has('subgroups')}, ${has('shader-f16')}, largest binding ${Math.round(limits.maxStorageBufferBindingSize / 2 ** 20)} MiB`;
}

/** Plain TensorFlow.js stays loaded; each format of the fused engine is loaded only while it is measured. */
async function decodeShape(
  context: Context,
  gpu: Gpu,
  shape: Shape,
  limit: GpuReadLimit,
  extent: Extent,
): Promise<void> {
  await using plainModel = await BenchModel.make(plain('webgpu'), shape);
  const engines = await fusedWebgpu();
  const choices =
    context.engine === undefined
      ? engines.filter(({ format }) => formats.includes(format))
      : matching(engines, context.engine);
  for (const choice of choices) {
    await using model = await BenchModel.make(choice, shape);
    const rows = await decodeRows(context, model, plainModel, limit, extent);
    context.print(
      `Decoding, ${shape.name}, ${choice.format}, on ${gpu.description}`,
      rows.map((row) => (gpu.software ? { ...row, noisy: true } : row)),
    );
  }
}

/** `generate`, the engine's steps alone, the same of plain TensorFlow.js, and the read limit, all in the same rounds. */
async function decodeRows(
  context: Context,
  model: BenchModel,
  plainModel: BenchModel,
  limit: GpuReadLimit,
  { prompt, tokens, limitPasses }: Extent,
): Promise<Row[]> {
  using position = await Position.open(model, prompt);
  const turns = await context.turns(
    [
      { run: () => timeGenerate(model, { prompt, tokens }) },
      { run: () => position.timeSteps(tokens) },
      { run: () => limit.measure(limitPasses) },
      { run: () => timeGenerate(plainModel, { prompt, tokens }) },
    ],
    { leastTime: 0 },
  );
  const [decoded, steps, limits, reference] = turns.values as [number[], number[], number[], number[]];
  const row = (of: BenchModel, measure: string, times: number[]): Row =>
    context.row(
      {
        ...of.facts,
        measure,
        unit: 'tok/s',
        shareOfLimit: median(sharesOfLimit(of.shape, of.choice.format, times, limits)),
        ...(of === plainModel
          ? {}
          : { ratio: pairedRatio(reference, times), ratioTo: `as fast as ${plainModel.choice.engine}` }),
      },
      times.map((time) => 1000 / time),
      turns,
    );
  return [
    context.row(
      { measure: 'read limit', engine: `kernel over ${Math.round(limit.bytes / 2 ** 20)} MiB`, unit: 'GB/s' },
      limits.map((bytes) => bytes / 1e9),
      turns,
    ),
    row(plainModel, `decode ${tokens}`, reference),
    row(model, `decode ${tokens}`, decoded),
    row(model, `step x ${tokens}`, steps),
  ];
}
