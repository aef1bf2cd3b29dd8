import type { EngineMatrix, PendingChoice } from '../../engine/engine.ts';
import { UnsupportedError } from '../../errors.ts';
import { type BatchStep, hasDeviceForm, hasHostForm, hasMaskForm, receivesSampled, type Sampler } from '../sampler.ts';
import { HostRow } from './host-row.ts';
import type { RowContext } from './row-context.ts';

/** A sampler with its place in the chain. */
export interface Stage {
  readonly sampler: Sampler;
  readonly index: number;
}

/** Where the logits are, and whether TF.js can work on them there. */
export interface ScoresSetting {
  readonly tensorBackend: string | undefined;
  readonly readbackIsExpensive: boolean;
  /** Called with a choice on the device before the host knows it, to let the next step follow it. */
  readonly onChoice?: (choice: PendingChoice) => void;
}

/** A chain in two parts: what runs where the logits are, and what follows on the host. */
export interface DividedChain {
  readonly far: readonly Stage[];
  readonly near: readonly Stage[];
}

/**
 * Divide a chain so that data moves once: on the device as long as each stage can and the logits are expensive to read back, or up to the
 * last that has no other form.
 *
 * @param banned a reader's ban comes before every stage, so then the chain runs on the host.
 * @param selects whether the engine may do what a stage `keeps`: not where rows are read next, since the few that stay are then
 *   cheaper to read by `EngineMatrix.top`.
 * @throws UnsupportedError for a device-only stage after one that only has a host form.
 */
export function divideChain(
  stages: readonly Stage[],
  logits: EngineMatrix,
  { readbackIsExpensive, tensorBackend }: ScoresSetting,
  banned: boolean,
  selects: boolean,
): DividedChain {
  // `EngineMatrix.choose` takes the largest logit itself.
  const isChoice = (stage: Stage): boolean =>
    selects && stage === stages.at(-1) && stage.sampler.traits?.selectsArgMax === true && logits.choose !== undefined;
  const canBeFar = (stage: Stage): boolean => isChoice(stage) || canRunFar(stage);
  const canRunFar = ({ sampler }: Stage): boolean =>
    // How a token was sampled is known only on the host.
    !receivesSampled(sampler) &&
    ((selects && sampler.kernel?.keep !== undefined && logits.keep !== undefined) ||
      (sampler.kernel?.edit !== undefined && logits.edit !== undefined) ||
      (hasDeviceForm(sampler)
        ? tensorBackend !== undefined && logits.map !== undefined
        : hasMaskForm(sampler) && logits.mask !== undefined));
  let from = 0;
  if (readbackIsExpensive && !banned) while (from < stages.length && canBeFar(stages[from]!)) from++;
  for (let i = stages.length - 1; i >= from; i--) {
    const { sampler } = stages[i]!;
    if (hasHostForm(sampler) || hasMaskForm(sampler)) continue;
    if (stages.slice(0, i).some((stage) => !hasDeviceForm(stage.sampler) && !canBeFar(stage)))
      throw new UnsupportedError(
        `the device-only sampler '${sampler.name}' after stages that only have a host form`,
        'The sampler chain',
        'Put it first, or give it a host form.',
      );
    from = Math.max(from, i + 1);
  }
  return { far: stages.slice(0, from), near: stages.slice(from) };
}

/**
 * Let logits pass through stages where they are: by the engine itself, or device forms as TF.js operations, masks uploaded. Nothing is read back.
 * The result is a matrix of its own, which the caller disposes; `stages` must not be empty.
 */
export function shapeOnDevice(
  logits: EngineMatrix,
  stages: readonly Stage[],
  contexts: readonly RowContext[],
  { tensorBackend }: ScoresSetting,
): EngineMatrix {
  const batchOf = (index: number): BatchStep => ({
    rows: contexts.map((context) => new HostRow(new Float32Array(0), context).step(index)),
  });
  let shaped = logits;
  for (const { sampler, index } of stages) {
    const { rows } = batchOf(index);
    const { kernel } = sampler;
    const before = shaped;
    try {
      if (kernel?.keep !== undefined && shaped.keep !== undefined) shaped = shaped.keep(kernel.keep);
      else if (kernel?.edit !== undefined && shaped.edit !== undefined) shaped = shaped.edit(kernel.edit({ rows }));
      else if (hasDeviceForm(sampler)) {
        if (tensorBackend === undefined || shaped.map === undefined)
          throw new UnsupportedError(
            `the device form of '${sampler.name}'`,
            'An engine without a TF.js backend',
            'Start it with fusedWebgpu({ tensors: tensorsOnDevice }); tensorsOnDevice is in @tokenwright/backends/tfjs.',
          );
        shaped = shaped.map((tensor, tf) => sampler.onDevice(tensor, { rows, tf }));
      } else if (hasMaskForm(sampler) && shaped.mask !== undefined) {
        shaped = shaped.mask(rows.map((step) => sampler.mask(step)));
      } else throw new UnsupportedError(`'${sampler.name}' on the device`, 'This engine');
    } finally {
      if (before !== logits) before.dispose();
    }
  }
  return shaped;
}
