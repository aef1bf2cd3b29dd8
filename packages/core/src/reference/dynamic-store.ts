import * as tf from '@tensorflow/tfjs-core';
import type { TensorLedger } from './backend.ts';
import { type KeysAndValues, type LayerOfRow, RowStore, type StoreSetting } from './store.ts';

/**
 * The cache of kind `dynamic`: keys and values are immutable tensors that grow by concatenation. Every step copies all
 * previous positions. The other stores are tested against this one. Sharing a row adds a reference.
 */
export function dynamicStore(setting: StoreSetting, rows: number): RowStore {
  return new RowStore(
    setting,
    rows,
    (keys, values) => new DynamicLayer(setting.ledger, tf.clone(keys), tf.clone(values)),
  );
}

class DynamicLayer implements LayerOfRow {
  readonly #ledger: TensorLedger;
  readonly #keys: tf.Tensor3D;
  readonly #values: tf.Tensor3D;

  /** Takes ownership of the tensors. */
  constructor(ledger: TensorLedger, keys: tf.Tensor3D, values: tf.Tensor3D) {
    this.#ledger = ledger;
    this.#keys = ledger.hold(keys);
    this.#values = ledger.hold(values);
  }

  get length(): number {
    return this.#keys.shape[1];
  }

  get bytes(): number {
    return (this.#keys.size + this.#values.size) * 4;
  }

  share(): DynamicLayer {
    return new DynamicLayer(this.#ledger, tf.clone(this.#keys), tf.clone(this.#values));
  }

  truncate(length: number): DynamicLayer {
    const first = (tensor: tf.Tensor3D): tf.Tensor3D =>
      tf.slice(tensor, [0, 0, 0], [tensor.shape[0], length, tensor.shape[2]]);
    return this.#replacedBy(first(this.#keys), first(this.#values));
  }

  append(keys: tf.Tensor3D, values: tf.Tensor3D): DynamicLayer {
    return this.#replacedBy(tf.concat([this.#keys, keys], 1), tf.concat([this.#values, values], 1));
  }

  tensors(): KeysAndValues {
    return { keys: this.#keys, values: this.#values };
  }

  release(): void {
    this.#ledger.release(this.#keys);
    this.#ledger.release(this.#values);
  }

  #replacedBy(keys: tf.Tensor3D, values: tf.Tensor3D): DynamicLayer {
    const next = new DynamicLayer(this.#ledger, keys, values);
    this.release();
    return next;
  }
}
