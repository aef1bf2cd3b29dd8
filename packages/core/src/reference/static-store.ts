import * as tf from '@tensorflow/tfjs-core';
import type { TensorLedger } from './backend.ts';
import { type KeysAndValues, type LayerOfRow, RowStore, type StoreSetting } from './store.ts';
import type { SlotWriter } from './write-in-place.ts';

/** Minimum number of slots of a tensor. */
const least = 64;
/**
 * Capacity grows by this many slots, so a copy happens once in 16 steps. Attention also reads the unused slots; many
 * of them cost more than an occasional copy.
 */
const block = 16;

/**
 * The cache of kind `static`: keys and values are in tensors with room to spare, and a step writes its position in place. Rows share a
 * tensor until one of them writes into it.
 */
export function staticStore(setting: StoreSetting, rows: number, write: SlotWriter): RowStore {
  return new RowStore(setting, rows, (keys, values) => {
    const slab = new Slab(setting.ledger, write, roomy(keys, 0, keys.shape[1]), roomy(values, 0, values.shape[1]));
    return new Slots(slab, 0).append(keys, values);
  });
}

/** A pair of tensors [kvHeads, C, D] with the number of rows that use it. */
class Slab {
  readonly ledger: TensorLedger;
  readonly write: SlotWriter;
  readonly keys: tf.Tensor3D;
  readonly values: tf.Tensor3D;
  users = 1;

  constructor(ledger: TensorLedger, write: SlotWriter, keys: tf.Tensor3D, values: tf.Tensor3D) {
    this.ledger = ledger;
    this.write = write;
    this.keys = ledger.hold(keys);
    this.values = ledger.hold(values);
  }

  get capacity(): number {
    return this.keys.shape[1];
  }

  release(): void {
    if (--this.users > 0) return;
    this.ledger.release(this.keys);
    this.ledger.release(this.values);
  }
}

/** The first `length` slots of a slab, as seen by one row. */
class Slots implements LayerOfRow {
  readonly length: number;
  readonly #slab: Slab;

  constructor(slab: Slab, length: number) {
    this.#slab = slab;
    this.length = length;
  }

  get bytes(): number {
    return (this.#slab.keys.size + this.#slab.values.size) * 4;
  }

  share(): Slots {
    this.#slab.users++;
    return new Slots(this.#slab, this.length);
  }

  truncate(length: number): Slots {
    return new Slots(this.#slab, length);
  }

  append(keys: tf.Tensor3D, values: tf.Tensor3D): Slots {
    const { ledger, write } = this.#slab;
    const length = this.length + keys.shape[1];
    let slab = this.#slab;
    if (slab.users > 1 || length > slab.capacity) {
      slab = new Slab(ledger, write, roomy(slab.keys, this.length, length), roomy(slab.values, this.length, length));
      this.#slab.release();
    }
    write(slab.keys, this.length, keys);
    write(slab.values, this.length, values);
    return new Slots(slab, length);
  }

  tensors(): KeysAndValues {
    return this.#slab;
  }

  release(): void {
    this.#slab.release();
  }
}

/** A new tensor with the first `used` slots of `content` and room for `length`, rounded up. */
function roomy(content: tf.Tensor3D, used: number, length: number): tf.Tensor3D {
  const [heads, , size] = content.shape;
  const capacity = Math.max(least, Math.ceil(length / block) * block);
  const room = (slots: number): tf.Tensor3D => tf.fill([heads, slots, size], 0) as tf.Tensor3D;
  if (used === 0) return room(capacity);
  return tf.tidy(() => tf.concat([tf.slice(content, [0, 0, 0], [heads, used, size]), room(capacity - used)], 1));
}
