import { EmptyDistributionError, InvalidLogitsError, ParameterError, UnsupportedError } from '../errors.ts';
import type { TokenControl } from './control.ts';
import { largest, logSumExp } from './distribution.ts';
import type { History } from './history.ts';
import type { Random } from './random.ts';
import type { RunState } from './run-state.ts';
import { hasHostForm, hasMaskForm, type RowStep, type Sampler } from './sampler.ts';

/** Where a row of logits stands in a run: what its sampler steps are made from. */
export interface RowContext {
  readonly history: History;
  readonly sequence: number;
  readonly promptLength: number;
  readonly vocabSize: number;
  readonly eosTokenIds: readonly number[];
  readonly maxLength: number;
  readonly random: Random;
  readonly state: RunState;
  readonly source?: ArrayLike<number>;
  /** What the reader of the stream has asked of this token. */
  readonly control?: TokenControl;
}

/** One row of logits on its way through a chain, on the host. */
export class HostRow {
  /** [V]; edited in place by the stages. */
  readonly logits: Float32Array;
  readonly context: RowContext;
  #candidates: Int32Array | undefined;
  /** What stages with a memory saw and left, to tell them later how the token was sampled. */
  readonly #seen: { stage: number; before: Snapshot; after: Snapshot }[] = [];

  /** @param logits taken over, not copied. */
  constructor(logits: Float32Array, context: RowContext) {
    this.logits = logits;
    this.context = context;
  }

  /** A row of which only these ids and their logits are known; every other token counts as removed. */
  static ofListed(ids: Int32Array, values: Float32Array, context: RowContext): HostRow {
    const row = new HostRow(new Float32Array(context.vocabSize).fill(-Infinity), context);
    for (let i = 0; i < ids.length; i++) row.logits[ids[i]!] = values[i]!;
    row.#candidates = ascending(ids);
    return row;
  }

  /** Ids that may still be finite, ascending; undefined = any. */
  get candidates(): Int32Array | undefined {
    return this.#candidates;
  }

  /** Run one stage. `index` is its place in the chain, which keys its random numbers and its memory. */
  apply(sampler: Sampler, index: number): void {
    const remembers = sampler.traits?.stateful === true;
    const before = remembers ? this.#snapshot() : undefined;
    const step = this.step(index);
    if (hasHostForm(sampler)) checkEditedInPlace(sampler.name, sampler.onHost(this.logits, step), this.logits);
    else if (hasMaskForm(sampler)) this.#mask(sampler.mask(step));
    else throw new UnsupportedError(`the device-only sampler '${sampler.name}'`, 'A row on the host');
    if (sampler.traits?.narrows !== true && !hasMaskForm(sampler)) this.#candidates = undefined;
    if (before !== undefined) this.#seen.push({ stage: index, before, after: this.#snapshot() });
  }

  /** What the stage at `index` is told. */
  step(index: number): RowStep {
    const { history, sequence, promptLength, vocabSize, eosTokenIds, maxLength, random, state, source } = this.context;
    const row = this;
    const sampled = state.sampled(history, index);
    return {
      history,
      sequence,
      promptLength,
      vocabSize,
      eosTokenIds,
      maxLength,
      position: history.length,
      ...(source === undefined ? {} : { source }),
      ...(sampled === undefined ? {} : { sampled }),
      random: (at = 0) => random.uniform(sequence, history.length, { sampler: index }, at),
      state: state.at(history, index),
      get candidates() {
        return row.#candidates;
      },
      keep: (logits, ids) => row.#keep(logits, ids),
    };
  }

  /** Append `id`, telling the stages that remember how probable it was. */
  extend(id: number): History {
    const child = this.context.history.append(id);
    if (this.context.control?.force !== undefined) return child;
    for (const { stage, before, after } of this.#seen)
      this.context.state.recordSampled(child, stage, {
        id,
        before: probabilityIn(before, id),
        after: probabilityIn(after, id),
      });
    return child;
  }

  /** Raise the typed error for a row in which nothing can be sampled. */
  refuse(stage: string): never {
    const position = this.context.history.length;
    for (let id = 0; id < this.logits.length; id++) {
      const logit = this.logits[id]!;
      if (Number.isNaN(logit) || logit === Infinity) throw new InvalidLogitsError(stage, position, id, logit);
    }
    throw new EmptyDistributionError(stage, position);
  }

  /** True when a token can be sampled: something is left, and nothing is NaN or +Infinity. */
  get sampleable(): boolean {
    const { id, logit } = largest(this.logits, this.#candidates);
    return id >= 0 && logit < Infinity;
  }

  #keep(logits: Float32Array, ids: ArrayLike<number>): void {
    const kept = ascending(ids);
    const values = new Float32Array(kept.length);
    for (let i = 0; i < kept.length; i++) values[i] = logits[kept[i]!]!;
    const { candidates } = this;
    if (candidates === undefined) logits.fill(-Infinity);
    else for (const id of candidates) logits[id] = -Infinity;
    for (let i = 0; i < kept.length; i++) logits[kept[i]!] = values[i]!;
    if (logits === this.logits) this.#candidates = kept;
  }

  #mask(bits: Uint32Array): void {
    const { candidates } = this;
    if (candidates !== undefined) {
      for (const id of candidates) if (((bits[id >>> 5]! >>> (id & 31)) & 1) === 0) this.logits[id] = -Infinity;
      return;
    }
    // A list pays for itself only when it is much shorter than the row.
    const listed = idsOfBits(bits, this.logits.length, this.logits.length >> 2);
    if (listed !== undefined) {
      this.#keep(this.logits, listed);
      return;
    }
    for (let id = 0; id < this.logits.length; id++)
      if (((bits[id >>> 5]! >>> (id & 31)) & 1) === 0) this.logits[id] = -Infinity;
  }

  #snapshot(): Snapshot {
    const { logits } = this;
    const candidates = this.#candidates;
    const normalizer = logSumExp(logits, candidates);
    if (candidates === undefined) return { candidates, logits: logits.slice(), normalizer };
    return { candidates, logits: Float32Array.from(candidates, (id) => logits[id]!), normalizer };
  }
}

/** Another returned value than the row itself would be ignored, and a promise would finish too late. */
function checkEditedInPlace(name: string, returned: unknown, logits: Float32Array): void {
  if (returned === undefined || returned === logits) return;
  const got = returned instanceof Promise ? 'a promise' : returned;
  throw new ParameterError(
    name,
    'onHost',
    'a synchronous function that edits logits in place and returns nothing',
    got,
  );
}

/** Stages that `generate` puts before the caller's chain. */
const leading = new WeakSet<Sampler>();

/** Mark a stage as one that stands before the caller's chain: see `withPlaces`. */
export function leadingStage<S extends Sampler>(sampler: S): S {
  leading.add(sampler);
  return sampler;
}

/**
 * Stages with their places in the caller's chain, which key random numbers and state. A stage that `generate` adds before
 * the chain has place -1 and uses neither, so it does not change the numbers of the other stages.
 */
export function withPlaces(samplers: readonly Sampler[]): { readonly sampler: Sampler; readonly index: number }[] {
  const first = samplers[0] !== undefined && leading.has(samplers[0]) ? -1 : 0;
  return samplers.map((sampler, i) => ({ sampler, index: first + i }));
}

/**
 * Run a chain over a row. What it leaves may be nothing: see `HostRow.drawable`.
 *
 * @param firstIndex place of the first sampler in the run's whole chain.
 */
export function applyChain(row: HostRow, samplers: readonly Sampler[], firstIndex = 0): void {
  for (const { sampler, index } of withPlaces(samplers)) row.apply(sampler, firstIndex + index);
}

/**
 * The stages that decide the result. When the chain ends by selecting the arg max, the stages just before it that keep the
 * arg max are left out: greedy decoding does not need them. Indices are places in the caller's chain.
 */
export function decisiveStages(samplers: readonly Sampler[]): readonly { sampler: Sampler; index: number }[] {
  const stages = withPlaces(samplers);
  const last = stages.at(-1);
  if (last?.sampler.traits?.selectsArgMax !== true) return stages;
  let end = stages.length - 1;
  while (end > 0 && skippable(samplers[end - 1]!)) end--;
  return [...stages.slice(0, end), last];
}

/** A sorted copy, each id once. Filters mostly pass ids that are so already, and then nothing is sorted again. */
function ascending(ids: ArrayLike<number>): Int32Array {
  const copy = new Int32Array(ids.length);
  copy.set(ids);
  for (let i = 1; i < copy.length; i++)
    if (copy[i - 1]! >= copy[i]!) return copy.sort().filter((id, at) => at === 0 || id !== copy[at - 1]);
  return copy;
}

/** The ids of the bits that are set, ascending; undefined when there are more than `most`. */
function idsOfBits(bits: Uint32Array, vocabSize: number, most: number): Int32Array | undefined {
  const ids = new Int32Array(most);
  let count = 0;
  for (let word = 0; word < bits.length; word++) {
    // Without the lowest bit that is set, until none is left.
    for (let rest = bits[word]!; rest !== 0; rest &= rest - 1) {
      const id = 32 * word + 31 - Math.clz32(rest & -rest);
      if (id >= vocabSize) break;
      if (count === most) return undefined;
      ids[count++] = id;
    }
  }
  return ids.subarray(0, count);
}

function skippable({ traits }: Sampler): boolean {
  return traits?.keepsArgMax === true && traits.stateful !== true;
}

/** What a stage saw: of the whole row, or of the candidates in their order. */
interface Snapshot {
  readonly candidates: Int32Array | undefined;
  readonly logits: Float32Array;
  readonly normalizer: number;
}

function probabilityIn({ candidates, logits, normalizer }: Snapshot, id: number): number {
  const at = candidates === undefined ? id : candidates.indexOf(id);
  return at < 0 ? 0 : Math.exp(logits[at]! - normalizer);
}
