import * as tf from '@tensorflow/tfjs-core';
import type { KVStore } from '../engine/engine.ts';
import { CacheError } from '../errors.ts';
import { onBackend, type TensorLedger } from './backend.ts';
import type { WatchedDevice } from './device-loss.ts';

/** Settings that the stores share: shapes, and the backend of their tensors. */
export interface StoreSetting {
  readonly backend: string;
  readonly ledger: TensorLedger;
  readonly device: WatchedDevice;
  readonly layers: number;
  readonly kvHeads: number;
  readonly headDim: number;
}

/** A key-value store whose contents are TF.js tensors. */
export interface TensorStore extends KVStore {
  /**
   * Append keys and values of T positions, [kvHeads, T, D] each, and return the whole content of the row in this layer,
   * [kvHeads, C, D]. C may exceed the used slots; the caller masks the rest. The store owns both results.
   */
  append(row: number, layer: number, keys: tf.Tensor3D, values: tf.Tensor3D): KeysAndValues;
}

export interface KeysAndValues {
  readonly keys: tf.Tensor3D;
  readonly values: tf.Tensor3D;
}

/** The content of one layer of one row. */
export interface LayerOfRow {
  readonly length: number;
  readonly bytes: number;
  /** The same content, shared with one more row. */
  share(): LayerOfRow;
  truncate(length: number): LayerOfRow;
  /** May change this object or return another; the caller then drops the old one. */
  append(keys: tf.Tensor3D, values: tf.Tensor3D): LayerOfRow;
  /** [kvHeads, C, D], C >= length. */
  tensors(): KeysAndValues;
  release(): void;
}

/** The rows of both stores. `first` creates the first content of a layer. */
export class RowStore implements TensorStore {
  readonly #setting: StoreSetting;
  readonly #first: (keys: tf.Tensor3D, values: tf.Tensor3D) => LayerOfRow;
  #rows: (LayerOfRow | undefined)[][];

  constructor(
    setting: StoreSetting,
    rows: number | (LayerOfRow | undefined)[][],
    first: (keys: tf.Tensor3D, values: tf.Tensor3D) => LayerOfRow,
  ) {
    this.#setting = setting;
    this.#first = first;
    this.#rows =
      typeof rows === 'number' ? Array.from({ length: rows }, () => new Array(setting.layers).fill(undefined)) : rows;
  }

  get rows(): number {
    return this.#rows.length;
  }

  get bytes(): number {
    return this.#rows.flat().reduce((sum, layer) => sum + (layer?.bytes ?? 0), 0);
  }

  append(row: number, layer: number, keys: tf.Tensor3D, values: tf.Tensor3D): KeysAndValues {
    const held = this.#rows[row]![layer];
    const grown = held === undefined ? this.#first(keys, values) : held.append(keys, values);
    this.#rows[row]![layer] = grown;
    return grown.tensors();
  }

  gather(rows: readonly number[]): void {
    const next = this.#shared(rows);
    this.dispose();
    this.#rows = next;
  }

  truncate(lengths: readonly number[]): void {
    onBackend(this.#setting.backend, () => {
      this.#rows = this.#rows.map((layers, row) =>
        layers.map((layer) => {
          if (layer === undefined || layer.length <= lengths[row]!) return layer;
          if (lengths[row] === 0) {
            layer.release();
            return undefined;
          }
          return layer.truncate(lengths[row]!);
        }),
      );
    });
  }

  fork(): RowStore {
    return new RowStore(this.#setting, this.#shared([...this.#rows.keys()]), this.#first);
  }

  async read(row: number, layer: number): Promise<{ keys: Float32Array; values: Float32Array }> {
    const held = this.#rows[row]![layer];
    if (held === undefined) return { keys: new Float32Array(0), values: new Float32Array(0) };
    const { keys, values } = held.tensors();
    // [kvHeads, C, D] -> [slots, kvHeads * D]. A new tensor, because reading one that is written in place returns stale
    // values on WebGPU.
    const flat = (tensor: tf.Tensor3D): tf.Tensor =>
      tf.tidy(() => {
        const [heads, , size] = tensor.shape;
        return tf.clone(
          tf.reshape(tf.transpose(tf.slice(tensor, [0, 0, 0], [heads, held.length, size]), [1, 0, 2]), [-1]),
        );
      });
    const tensors = onBackend(this.#setting.backend, () => [flat(keys), flat(values)] as const);
    try {
      return await this.#setting.device.read(async () => ({
        keys: (await tensors[0].data()) as Float32Array,
        values: (await tensors[1].data()) as Float32Array,
      }));
    } finally {
      tf.dispose([...tensors]);
    }
  }

  write(row: number, layer: number, keys: Float32Array, values: Float32Array): void {
    const { backend, kvHeads, headDim } = this.#setting;
    const slots = keys.length / (kvHeads * headDim);
    if (keys.length !== values.length || !Number.isInteger(slots))
      throw new CacheError(
        `Keys and values of row ${row}, layer ${layer}, must be slots of ${kvHeads * headDim} numbers, ` +
          `but have ${keys.length} and ${values.length}.`,
      );
    onBackend(backend, () =>
      tf.tidy(() => {
        const headed = (flat: Float32Array): tf.Tensor3D =>
          tf.transpose(tf.tensor3d(flat, [slots, kvHeads, headDim]), [1, 0, 2]);
        if (slots > 0) this.append(row, layer, headed(keys), headed(values));
      }),
    );
  }

  #shared(rows: readonly number[]): (LayerOfRow | undefined)[][] {
    return onBackend(this.#setting.backend, () => rows.map((row) => this.#rows[row]!.map((layer) => layer?.share())));
  }

  dispose(): void {
    for (const layer of this.#rows.flat()) layer?.release();
    this.#rows = [];
  }
}
