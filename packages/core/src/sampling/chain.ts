import { EmptyDistributionError, InvalidLogitsError, UnsupportedError } from '../errors.ts';
import { withPlaces } from '../generate/option-stages.ts';
import { largest, logSumExp } from './distribution.ts';
import type { History } from './history.ts';
import type { Random } from './random.ts';
import type { RunMemory } from './run-memory.ts';
import { hasHostForm, hasMaskForm, type RowStep, type Sampler } from './sampler.ts';
import type { Steering } from './steering.ts';

/** Where a row of logits stands in a run: what its sampler steps are made from. */
export interface RowContext {
  readonly history: History;
  readonly sequence: number;
  readonly promptLength: number;
  readonly vocabSize: number;
  readonly endTokens: readonly number[];
  readonly maxLength: number;
  readonly random: Random;
  readonly memory: RunMemory;
  readonly source?: ArrayLike<number>;
  /** What the reader of the stream has asked of this token. */
  readonly steering?: Steering;
}

/** One row of logits on its way through a chain, on the host. */
export class HostRow {
  /** [V]; edited in place by the stages. */
  readonly logits: Float32Array;
  readonly context: RowContext;
  #survivors: Int32Array | undefined;
  /** What stages with a memory saw and left, to tell them later how the token was drawn. */
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
    row.#survivors = ascending(ids);
    return row;
  }

  /** Ids that may still be finite, ascending; undefined = any. */
  get survivors(): Int32Array | undefined {
    return this.#survivors;
  }

  /** Run one stage. `index` is its place in the chain, which keys its random numbers and its memory. */
  apply(sampler: Sampler, index: number): void {
    const remembers = sampler.algebra?.memory === true;
    const before = remembers ? this.#snapshot() : undefined;
    const step = this.step(index);
    if (hasHostForm(sampler)) sampler.onHost(this.logits, step);
    else if (hasMaskForm(sampler)) this.#mask(sampler.allowed(step));
    else throw new UnsupportedError(`the device-only sampler '${sampler.name}'`, 'A row on the host');
    if (sampler.algebra?.narrows !== true && !hasMaskForm(sampler)) this.#survivors = undefined;
    if (before !== undefined) this.#seen.push({ stage: index, before, after: this.#snapshot() });
  }

  /** What the stage at `index` is told. */
  step(index: number): RowStep {
    const { history, sequence, promptLength, vocabSize, endTokens, maxLength, random, memory, source } = this.context;
    const row = this;
    const drawn = memory.drawn(history, index);
    return {
      history,
      sequence,
      promptLength,
      vocabSize,
      endTokens,
      maxLength,
      position: history.length,
      ...(source === undefined ? {} : { source }),
      ...(drawn === undefined ? {} : { drawn }),
      random: (at = 0) => random.uniform(sequence, history.length, { sampler: index }, at),
      memory: memory.at(history, index),
      get survivors() {
        return row.#survivors;
      },
      keep: (logits, ids) => row.#keep(logits, ids),
    };
  }

  /** Append `id`, telling the stages that remember how probable it was. */
  extend(id: number): History {
    const child = this.context.history.append(id);
    if (this.context.steering?.force !== undefined) return child;
    for (const { stage, before, after } of this.#seen)
      this.context.memory.recordDrawn(child, stage, {
        id,
        before: probabilityIn(before, id),
        after: probabilityIn(after, id),
      });
    return child;
  }

  /** Raise the typed error for a row in which nothing can be drawn. */
  refuse(stage: string): never {
    const position = this.context.history.length;
    for (let id = 0; id < this.logits.length; id++) {
      const logit = this.logits[id]!;
      if (Number.isNaN(logit) || logit === Infinity) throw new InvalidLogitsError(stage, position, id, logit);
    }
    throw new EmptyDistributionError(stage, position);
  }

  /** True when a token can be drawn: something is left, and nothing is NaN or +Infinity. */
  get drawable(): boolean {
    const { id, logit } = largest(this.logits, this.#survivors);
    return id >= 0 && logit < Infinity;
  }

  #keep(logits: Float32Array, ids: ArrayLike<number>): void {
    const kept = ascending(ids);
    const values = new Float32Array(kept.length);
    for (let i = 0; i < kept.length; i++) values[i] = logits[kept[i]!]!;
    const { survivors } = this;
    if (survivors === undefined) logits.fill(-Infinity);
    else for (const id of survivors) logits[id] = -Infinity;
    for (let i = 0; i < kept.length; i++) logits[kept[i]!] = values[i]!;
    if (logits === this.logits) this.#survivors = kept;
  }

  #mask(bits: Uint32Array): void {
    const { survivors } = this;
    if (survivors !== undefined) {
      for (const id of survivors) if (((bits[id >>> 5]! >>> (id & 31)) & 1) === 0) this.logits[id] = -Infinity;
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
    const survivors = this.#survivors;
    const normaliser = logSumExp(logits, survivors);
    if (survivors === undefined) return { survivors, logits: logits.slice(), normaliser };
    return { survivors, logits: Float32Array.from(survivors, (id) => logits[id]!), normaliser };
  }
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
  if (last?.sampler.algebra?.selectsArgMax !== true) return stages;
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

function skippable({ algebra }: Sampler): boolean {
  return algebra?.keepsArgMax === true && algebra.memory !== true;
}

/** What a stage saw: of the whole row, or of the survivors in their order. */
interface Snapshot {
  readonly survivors: Int32Array | undefined;
  readonly logits: Float32Array;
  readonly normaliser: number;
}

function probabilityIn({ survivors, logits, normaliser }: Snapshot, id: number): number {
  const at = survivors === undefined ? id : survivors.indexOf(id);
  return at < 0 ? 0 : Math.exp(logits[at]! - normaliser);
}
