import * as tf from '@tensorflow/tfjs-core';

/** The largest difference between `tf.matMul` on the active backend and the same product in plain numbers. */
export async function matMulError(rows: number, inner: number, columns: number): Promise<number> {
  const a = Float32Array.from({ length: rows * inner }, (_, i) => Math.sin(i));
  const b = Float32Array.from({ length: inner * columns }, (_, i) => Math.cos(i));
  const product = tf.tidy(() => tf.matMul(tf.tensor2d(a, [rows, inner]), tf.tensor2d(b, [inner, columns])));
  const found = await product.data();
  product.dispose();
  let worst = 0;
  for (let i = 0; i < rows; i++) {
    for (let j = 0; j < columns; j++) {
      let sum = 0;
      for (let k = 0; k < inner; k++) sum += a[i * inner + k]! * b[k * columns + j]!;
      worst = Math.max(worst, Math.abs(sum - found[i * columns + j]!));
    }
  }
  return worst;
}
