import * as tf from '@tensorflow/tfjs-core';

/**
 * Masks and choices where the logits are, in public TF.js functions, so that a step reads back a few numbers instead of
 * rows of the vocabulary. Sums are float32, so a choice may differ from the host's when the uniform number is close to
 * a border: within (4 ceil(sqrt(V)) + 16) / 2^24 of it, 1e-4 for V = 151,936, if exp is accurate to a few units in the
 * last place. Reason: no sum has more than 2 ceil(sqrt(V)) terms, none of them negative; the border and the number
 * compared with it are such sums; 16 units allow for exp and for the number itself.
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
export function chooseOnDevice(logits: tf.Tensor2D, uniforms: readonly number[] | undefined): tf.Tensor2D {
  const top = tf.max(logits, 1, true);
  const broken = tf.sum(tf.cast(tf.isNaN(logits), 'float32'), 1, true);
  const id =
    uniforms === undefined
      ? firstWhere(tf.equal(logits, top))
      : sampleOnDevice(logits, top, tf.tensor2d([...uniforms], [uniforms.length, 1]));
  return tf.concat([id, top, broken], 1) as tf.Tensor2D;
}

/** The ids; -1 for a row with nothing to choose from. */
export function readChoice(values: Float32Array): Int32Array {
  return Int32Array.from({ length: values.length / 3 }, (_, row) => {
    const [id, top, broken] = values.subarray(3 * row);
    return Number.isFinite(top) && broken === 0 ? id! : -1;
  });
}

/**
 * Invert the cumulative distribution in two steps: first the block of tokens in which the running sum exceeds the
 * uniform number, then the token in it. So no sum has more terms than the square root of the vocabulary.
 */
function sampleOnDevice(logits: tf.Tensor2D, top: tf.Tensor, uniform: tf.Tensor2D): tf.Tensor {
  const [rows, vocabSize] = logits.shape;
  const size = Math.ceil(Math.sqrt(vocabSize));
  const count = Math.ceil(vocabSize / size);
  const weights = tf.where(tf.greater(logits, lowestFloat), tf.exp(tf.sub(logits, top)), 0) as tf.Tensor2D;
  const blocks = tf.reshape(
    tf.pad2d(weights, [
      [0, 0],
      [0, count * size - vocabSize],
    ]),
    [rows, count, size],
  );
  const sums = tf.sum(blocks, 2);
  const ends = tf.cumsum(sums, 1);
  const target = tf.mul(uniform, tf.slice(ends, [0, count - 1], [rows, 1]));
  const block = passing(sums, ends, target);
  const chosen = tf.equal(tf.range(0, count), block);
  const before = tf.sum(tf.where(chosen, tf.sub(ends, sums), 0), 1, true);
  const inside = tf.sum(tf.where(tf.expandDims(chosen, 2), blocks, 0), 1);
  const place = passing(inside, tf.add(tf.cumsum(inside, 1), before), target);
  return tf.add(tf.mul(block, size), place);
}

/**
 * [rows, 1]: the first index at which the running sum exceeds the target; when rounding leaves none, the last one with
 * a weight. An index without weight is never chosen, even where a parallel sum is not monotonic.
 */
function passing(weights: tf.Tensor, ends: tf.Tensor, target: tf.Tensor): tf.Tensor {
  const count = weights.shape[1]!;
  const some = tf.greater(weights, 0);
  const first = firstWhere(tf.logicalAnd(some, tf.greater(ends, target)));
  const last = tf.max(tf.where(some, tf.range(0, count), 0), 1, true);
  return tf.where(tf.less(first, count), first, last);
}

/** [rows, n] of booleans -> [rows, 1]: the first index that is true; n when none is. */
function firstWhere(holds: tf.Tensor): tf.Tensor {
  const count = holds.shape[1]!;
  return tf.min(tf.where(holds, tf.range(0, count), count), 1, true);
}

const lowestFloat = -3.4028234663852886e38;
