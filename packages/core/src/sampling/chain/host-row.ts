import { type DrawKey, sampleToken } from '../../draw/race.ts';
import { EmptyDistributionError, InvalidLogitsError, UnsupportedError } from '../../errors.ts';
import { largest } from '../distribution.ts';
import type { History } from '../history.ts';
import { hasHostForm, hasMaskForm, type RowStep, receivesSampled, type Sampler } from '../sampler.ts';
import { ascendingIds, idsOfBits, isAllowed } from './candidates.ts';
import { checkEditedInPlace } from './check-edited.ts';
import type { RowContext } from './row-context.ts';
import { RowSnapshot } from './row-snapshot.ts';

/** One row of logits on its way through a chain, on the host. */
export class HostRow {
  /** float32, [V]; edited in place by the stages. */
  readonly logits: Float32Array;
  readonly context: RowContext;
  #candidates: Int32Array | undefined;
  /** Input and output of each stateful stage, to tell it later how the token was sampled. */
  readonly #seen: { stage: number; before: RowSnapshot; after: RowSnapshot }[] = [];

  /** @param logits taken over, not copied. */
  constructor(logits: Float32Array, context: RowContext) {
    this.logits = logits;
    this.context = context;
  }

  /** A row of which only these ids and their logits are known; every other token counts as removed. */
  static ofListed(ids: Int32Array, values: Float32Array, context: RowContext): HostRow {
    const row = new HostRow(new Float32Array(context.vocabSize).fill(-Infinity), context);
    for (let i = 0; i < ids.length; i++) row.logits[ids[i]!] = values[i]!;
    row.#candidates = ascendingIds(ids);
    return row;
  }

  /** Ids that may still be finite, ascending; undefined = any. */
  get candidates(): Int32Array | undefined {
    return this.#candidates;
  }

  /** Run one stage. `index` is its place in the chain, which keys its random numbers and its state. */
  apply(sampler: Sampler, index: number): void {
    const before = receivesSampled(sampler) ? this.#snapshot() : undefined;
    const step = this.step(index);
    if (hasHostForm(sampler)) checkEditedInPlace(sampler.name, sampler.onHost(this.logits, step), this.logits);
    else if (hasMaskForm(sampler)) this.#mask(sampler.mask(step));
    else throw new UnsupportedError(`the device-only sampler '${sampler.name}'`, 'A row on the host');
    if (sampler.traits?.narrows !== true && !hasMaskForm(sampler)) this.#candidates = undefined;
    if (before !== undefined) this.#seen.push({ stage: index, before, after: this.#snapshot() });
  }

  /** The token of the draw with this key, or without one the largest; -1 when nothing can be sampled. */
  sample(key: DrawKey | undefined): number {
    if (key !== undefined) return sampleToken(this.logits, key, this.#candidates);
    const { id, logit } = largest(this.logits, this.#candidates);
    return id >= 0 && logit < Infinity ? id : -1;
  }

  /** What the stage at `index` receives. */
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

  /** Append `id`. Stateful stages learn how probable it was. */
  extend(id: number): History {
    const child = this.context.history.append(id);
    if (this.context.control?.force !== undefined) return child;
    for (const { stage, before, after } of this.#seen)
      this.context.state.recordSampled(child, stage, {
        id,
        before: before.probability(id),
        after: after.probability(id),
      });
    return child;
  }

  remove(ids: readonly number[] = []): void {
    for (const id of ids) this.logits[id] = -Infinity;
  }

  /** True when a token can be sampled: something is left, and nothing is NaN or +Infinity. */
  get sampleable(): boolean {
    return this.sample(undefined) >= 0;
  }

  /** Throw the typed error for a row in which nothing can be sampled. */
  refuse(stage: string): never {
    const position = this.context.history.length;
    for (let id = 0; id < this.logits.length; id++) {
      const logit = this.logits[id]!;
      if (Number.isNaN(logit) || logit === Infinity) throw new InvalidLogitsError(stage, position, id, logit);
    }
    throw new EmptyDistributionError(stage, position);
  }

  #keep(logits: Float32Array, ids: ArrayLike<number>): void {
    const kept = ascendingIds(ids);
    const values = new Float32Array(kept.length);
    for (let i = 0; i < kept.length; i++) values[i] = logits[kept[i]!]!;
    if (this.#candidates === undefined) logits.fill(-Infinity);
    else for (const id of this.#candidates) logits[id] = -Infinity;
    for (let i = 0; i < kept.length; i++) logits[kept[i]!] = values[i]!;
    if (logits === this.logits) this.#candidates = kept;
  }

  #mask(bits: Uint32Array): void {
    const { logits } = this;
    if (this.#candidates !== undefined) {
      for (const id of this.#candidates) if (!isAllowed(bits, id)) logits[id] = -Infinity;
      return;
    }
    // A list pays off only when it is much shorter than the row.
    const listed = idsOfBits(bits, logits.length, logits.length >> 2);
    if (listed !== undefined) this.#keep(logits, listed);
    else for (let id = 0; id < logits.length; id++) if (!isAllowed(bits, id)) logits[id] = -Infinity;
  }

  #snapshot(): RowSnapshot {
    return new RowSnapshot(this.logits, this.#candidates);
  }
}
