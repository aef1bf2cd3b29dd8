import * as tf from '@tensorflow/tfjs-core';
import { type DrawKey, fillGumbelNoise } from '../draw/race.ts';

/**
 * Masks and choices where the logits are, in public TF.js functions, so that a step reads back a few numbers instead of
 * rows of the vocabulary. TF.js has no unsigned integers, so the noise of a draw is computed on the host, while the
 * device computes the logits, and uploaded. Sums are float32: the token differs from the host's only where the two
 * largest sums are within their rounding.
 */

/** Mask bits per uploaded number: as many as float32 holds exactly, and a power of two. */
const bitsPerNumber = 16;

/** [rows, V] -> [rows, V]: -Infinity where a row's mask has no bit. One mask for all rows is uploaded once. */
export function maskOnDevice(logits: tf.Tensor2D, masks: readonly Uint32Array[]): tf.Tensor2D {
  const [rows, vocabSize] = logits.shape;
  const distinct = masks.every((mask) => mask === masks[0]) ? masks.slice(0, 1) : masks;
  const width = Math.ceil(vocabSize / bitsPerNumber);
  if (rows === 0) return logits;
  const numbers = new Float32Array(distinct.length * width);
  distinct.forEach((mask, row) => {
    for (let i = 0; i < width; i++) numbers[row * width + i] = ((mask[i >> 1] ?? 0) >>> (16 * (i & 1))) & 0xffff;
  });
  // Bit j of n is floor(n / 2^j) - 2 floor(n / 2^(j + 1)). Products with powers of two are exact on every backend.
  const shifts = tf.tensor1d(Array.from({ length: bitsPerNumber }, (_, j) => 2 ** -j));
  const shifted = tf.mul(tf.tensor3d(numbers, [distinct.length, width, 1]), shifts);
  const bits = tf.sub(tf.floor(shifted), tf.mul(tf.floor(tf.mul(shifted, 0.5)), 2));
  const flat = tf.reshape(bits, [distinct.length, width * bitsPerNumber]);
  const kept = tf.greater(tf.slice(flat, [0, 0], [distinct.length, vocabSize]), 0.5);
  return tf.where(kept, logits, Number.NEGATIVE_INFINITY) as tf.Tensor2D;
}

/**
 * [rows, V] -> [rows, 3]: the chosen id, the largest logit, and how many logits are NaN; see `EngineMatrix.choose`. For
 * {@link readChoice}.
 */
export function chooseOnDevice(logits: tf.Tensor2D, keys: readonly DrawKey[] | undefined): tf.Tensor2D {
  const top = tf.max(logits, 1, true);
  const broken = tf.sum(tf.cast(tf.isNaN(logits), 'float32'), 1, true);
  const best = keys === undefined ? tf.equal(logits, top) : winsRace(logits, top, keys);
  return tf.concat([firstWhere(best), top, broken], 1) as tf.Tensor2D;
}

/** The ids; -1 for a row with nothing to choose from. */
export function readChoice(values: Float32Array): Int32Array {
  return Int32Array.from({ length: values.length / 3 }, (_, row) => {
    const [id, top, broken] = values.subarray(3 * row);
    return Number.isFinite(top) && broken === 0 ? id! : -1;
  });
}

/** Where the sum of logit and noise is largest. */
function winsRace(logits: tf.Tensor2D, top: tf.Tensor, keys: readonly DrawKey[]): tf.Tensor {
  // Rows with the same seed, sequence and position have the same key.
  const equal = keys.every((key) => key[0] === keys[0]![0] && key[1] === keys[0]![1]);
  const [, vocabSize] = logits.shape;
  const distinct = equal ? keys.slice(0, 1) : keys;
  const noise = new Float32Array(distinct.length * vocabSize);
  for (const [row, key] of distinct.entries())
    fillGumbelNoise(key, noise.subarray(row * vocabSize, (row + 1) * vocabSize));
  // Relative to the largest logit, so that little is lost in the sum.
  const sums = tf.add(tf.sub(logits, top), tf.tensor2d(noise, [distinct.length, vocabSize]));
  const left = tf.where(tf.greaterEqual(logits, lowestFloat), sums, Number.NEGATIVE_INFINITY);
  return tf.equal(left, tf.max(left, 1, true));
}

/** [rows, n] of booleans -> [rows, 1]: the first index that is true; n when none is. */
function firstWhere(holds: tf.Tensor): tf.Tensor {
  const count = holds.shape[1]!;
  return tf.min(tf.where(holds, tf.range(0, count), count), 1, true);
}

const lowestFloat = -3.4028234663852886e38;
