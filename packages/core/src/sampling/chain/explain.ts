import { logSumExp, probabilities, topTokens } from '../distribution.ts';
import type { Json, Sampler } from '../sampler.ts';
import { HostRow } from './host-row.ts';
import type { RowContext } from './row-context.ts';
import { withPlaces } from './stages.ts';

/** What each stage of a chain did to one distribution. */
export interface Explanation {
  /** The model's own distribution. */
  readonly model: DistributionSummary;
  /** One entry a stage, in order. */
  readonly stages: readonly StageReport[];
  /**
   * Which stage removed a token, and by what margin: how far its logit lay below the smallest one that the stage kept (0 when it
   * kept none). Undefined for a token that is left.
   */
  removal(id: number): Removal | undefined;
  /**
   * The exact probability of any token, whether a summary lists it or not: in the model's own distribution, and then after each
   * stage, [stages + 1]. 0 once it is removed.
   */
  probability(id: number): readonly number[];
}

export interface DistributionSummary {
  /** Tokens with a probability above 0. */
  readonly candidates: number;
  /** -sum(p ln p), in nats. */
  readonly entropy: number;
  /** The most probable tokens. */
  readonly top: readonly { readonly id: number; readonly probability: number }[];
}

export interface StageReport extends DistributionSummary {
  readonly name: string;
  readonly parameters?: Json;
  /** Probability, before this stage, of the tokens that it removed. */
  readonly removedMass: number;
  /** Tokens that it removed. */
  readonly removedCount: number;
  /** Entropy after minus entropy before. */
  readonly entropyChange: number;
}

export interface Removal {
  readonly stage: string;
  /** Place of the stage in `stages`. */
  readonly index: number;
  /** In the units of the logits. */
  readonly margin: number;
}

/**
 * Send logits through a chain on the host and report each stage.
 *
 * @param logits the model's, [V]; not changed.
 * @param top how many of the most probable tokens each summary lists.
 */
export function explain(
  logits: Float32Array,
  samplers: readonly Sampler[],
  context: RowContext,
  top: number = 10,
): Explanation {
  const row = new HostRow(logits.slice(), context);
  const removals = new Map<number, Removal>();
  const model = summary(row.logits, top);
  let before = row.logits.slice();
  let entropy = model.entropy;
  const states = [stateOf(undefined, before)];
  const stages = withPlaces(samplers).map(({ sampler, index: place }, index): StageReport => {
    row.apply(sampler, place);
    const removed = removedTokens(before, row.logits);
    const smallest = smallestKept(before, row.logits);
    for (const id of removed)
      removals.set(id, { stage: sampler.name, index, margin: smallest === undefined ? 0 : smallest - before[id]! });
    const weights = probabilities(before);
    const after = summary(row.logits, top);
    const report = {
      name: sampler.name,
      ...(sampler.parameters === undefined ? {} : { parameters: sampler.parameters }),
      ...after,
      removedMass: removed.reduce((sum, id) => sum + weights[id]!, 0),
      removedCount: removed.length,
      entropyChange: after.entropy - entropy,
    };
    before = row.logits.slice();
    entropy = after.entropy;
    states.push(stateOf(states.at(-1), before));
    return report;
  });
  // A later stage may have brought a token back.
  return {
    model,
    stages,
    removal: (id) => (row.logits[id] === -Infinity ? removals.get(id) : undefined),
    probability: (id) => states.map((state) => probabilityIn(state, id)),
  };
}

/** A row between two stages. A stage that only removes shares the logits of the one before, so that filters cost a bit a token. */
interface State {
  readonly logits: Float32Array;
  /** One bit for each token that is left; undefined when `logits` says it. */
  readonly left: Uint32Array | undefined;
  readonly normalizer: number;
}

function stateOf(before: State | undefined, logits: Float32Array): State {
  const normalizer = logSumExp(logits);
  const left = new Uint32Array(Math.ceil(logits.length / 32));
  for (let id = 0; id < logits.length; id++) {
    if (logits[id] === -Infinity) continue;
    if (before === undefined || before.logits[id] !== logits[id]) return { logits, left: undefined, normalizer };
    left[id >>> 5]! |= 1 << (id & 31);
  }
  return { logits: before?.logits ?? logits, left, normalizer };
}

function probabilityIn({ logits, left, normalizer }: State, id: number): number {
  const isLeft = left === undefined || ((left[id >>> 5]! >>> (id & 31)) & 1) === 1;
  return isLeft && logits[id]! > -Infinity ? Math.exp(logits[id]! - normalizer) : 0;
}

function summary(logits: Float32Array, top: number): DistributionSummary {
  const weights = probabilities(logits);
  let candidates = 0;
  let entropy = 0;
  for (const p of weights) {
    if (!(p > 0)) continue;
    candidates++;
    entropy -= p * Math.log(p);
  }
  return {
    candidates,
    entropy,
    top: Array.from(topTokens(logits, top), (id) => ({ id, probability: weights[id]! })),
  };
}

function removedTokens(before: Float32Array, after: Float32Array): number[] {
  const removed: number[] = [];
  for (let id = 0; id < before.length; id++) if (before[id]! > -Infinity && after[id] === -Infinity) removed.push(id);
  return removed;
}

function smallestKept(before: Float32Array, after: Float32Array): number | undefined {
  let smallest: number | undefined;
  for (let id = 0; id < before.length; id++)
    if (after[id]! > -Infinity && (smallest === undefined || before[id]! < smallest)) smallest = before[id]!;
  return smallest;
}
