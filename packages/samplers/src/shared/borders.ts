import type { Tensor2D, TensorFlow } from '@tokenwright/core/engine';

/**
 * Float32 logits hold a probability only up to rounding, so a token that is exactly on a computed border may come out a
 * little above or below it. Tokens within this rounding count as on the border, and equal borders then act as written: with
 * probabilities 1/2, 1/4, 1/8, 1/8, the mass before the third token is 3/4 and not a little less.
 */

/** How far two masses of a distribution may be apart and still count as equal. */
export const massRounding: number = 2 ** -21;

/** Rounding of a logit, as a share of its magnitude: that of the token, of the largest logit and of what is derived from them. */
const logitRounding = 2 ** -22;

/** A threshold computed from the largest logit, lowered so that a token on it is not below it. */
export function lowered(threshold: number, top: number): number {
  return threshold - logitRounding * Math.max(Math.abs(threshold), Math.abs(top));
}

/** The same for a batch, [rows, 1] each. */
export function loweredOnDevice(threshold: Tensor2D, top: Tensor2D, tf: TensorFlow): Tensor2D {
  return tf.sub(threshold, tf.mul(tf.maximum(tf.abs(threshold), tf.abs(top)), logitRounding));
}
