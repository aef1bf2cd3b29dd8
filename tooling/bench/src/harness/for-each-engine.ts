import { type Checkpoint, writeCheckpoint } from '../models/checkpoint.ts';
import { type EngineChoice, fusedEngines, label, matching, plain } from '../models/engines.ts';
import { BenchModel } from '../models/model.ts';
import type { Shape } from '../models/shapes.ts';
import type { Context } from './bench.ts';

/**
 * For each shape: writes a checkpoint, keeps plain TensorFlow.js on wasm loaded, and calls `visit` for every other engine, which is
 * loaded only for that call. An engine that does not start is reported with the reason and skipped.
 */
export async function forEachEngine(
  context: Context,
  shape: Shape,
  visitors: {
    readonly threads?: readonly number[];
    /** Called once, before the others, without an engine to compare with. */
    readonly first: (plainModel: BenchModel) => Promise<void>;
    readonly visit: (model: BenchModel, plainModel: BenchModel) => Promise<void>;
  },
): Promise<void> {
  await using checkpoint = await writeCheckpoint(shape);
  await using plainModel = await BenchModel.open(plain('wasm'), checkpoint);
  await visitors.first(plainModel);
  const choices = matching(await fusedEngines(visitors.threads), context.engine);
  if (choices.length === 0) context.note('There is no other engine to compare with.');
  for (const choice of choices) {
    await using model = await openOrNote(context, choice, checkpoint);
    if (model !== undefined) await visitors.visit(model, plainModel);
  }
}

/** A model on an engine; undefined, after a line with the reason, when it does not start on this machine. */
export async function openOrNote(
  context: Context,
  choice: EngineChoice,
  checkpoint: Checkpoint,
): Promise<BenchModel | undefined> {
  try {
    return await BenchModel.open(choice, checkpoint);
  } catch (error) {
    context.note(`${label(choice)} is left out: ${(error as Error).message}`);
    return undefined;
  }
}
