import { logProbabilities } from '../distribution.ts';
import type { Stage } from './device-stages.ts';
import { HostRow } from './host-row.ts';

/** A chain that left a row with nothing to sample. */
export interface SpoiledChain {
  readonly far: readonly Stage[];
  readonly near: readonly Stage[];
  /** The row after some of the stages on the device. */
  readAfter(stages: readonly Stage[]): Promise<Float32Array>;
  readonly normalized: boolean;
  /** Named when no single stage caused the failure. */
  readonly last: string;
}

/**
 * Run a chain again, one stage at a time, and throw the typed error for the stage that spoiled the row. A chain is not
 * inspected after every stage while it works, so that only failures pay for this.
 *
 * @param row the model's own logits.
 */
export async function blameStage(
  row: HostRow,
  { far, near, readAfter, normalized, last }: SpoiledChain,
): Promise<never> {
  check(row, 'model');
  let current = row;
  for (const [i, { sampler }] of far.entries()) {
    current = new HostRow((await readAfter(far.slice(0, i + 1))).slice(), row.context);
    check(current, sampler.name);
  }
  current.remove(row.context.control?.ban);
  check(current, 'ban');
  if (normalized) current.logits.set(logProbabilities(current.logits));
  for (const { sampler, index } of near) {
    current.apply(sampler, index);
    check(current, sampler.name);
  }
  return current.refuse(last);
}

function check(row: HostRow, stage: string): void {
  if (!row.sampleable) row.refuse(stage);
}
