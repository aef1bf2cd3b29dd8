import * as tf from '@tensorflow/tfjs-core';
import type { HostRow } from '../../sampling/chain/host-row.ts';
import { logSumExp } from '../../sampling/distribution.ts';
import { hasDeviceForm, hasHostForm, hasMaskForm, type Sampler } from '../../sampling/sampler.ts';
import { verify } from '../cases.ts';
import { type TestRowOptions, testBatch, testRow } from './sampler-cases-row.ts';

/** Run one stage on one row: by its host or mask form, or by its device form when it has no other. */
export function applyTo(sampler: Sampler, logits: ArrayLike<number>, options: TestRowOptions = {}): HostRow {
  const row = testRow(logits, options);
  if (hasHostForm(sampler) || hasMaskForm(sampler)) row.apply(sampler, 0);
  else {
    const result = runOnDevice(sampler, [row]);
    row.logits.set(result.dataSync() as Float32Array);
    result.dispose();
  }
  return row;
}

/** Apply the device form to a batch, on the current TF.js backend. Reads back asynchronously, as WebGPU requires. */
export async function onDevice(sampler: Sampler, rows: readonly HostRow[]): Promise<Float32Array[]> {
  const result = runOnDevice(sampler, rows);
  const values = (await result.data()) as Float32Array;
  result.dispose();
  return unstack(values, rows.length);
}

function runOnDevice(sampler: Sampler, rows: readonly HostRow[]): tf.Tensor2D {
  if (!hasDeviceForm(sampler)) throw new Error(`'${sampler.name}' has no device form`);
  const vocabSize = rows[0]!.logits.length;
  const flat = new Float32Array(rows.length * vocabSize);
  rows.forEach((row, at) => {
    flat.set(row.logits, at * vocabSize);
  });
  return tf.tidy(() => sampler.onDevice(tf.tensor2d(flat, [rows.length, vocabSize]), { ...testBatch(rows), tf }));
}

function unstack(values: Float32Array, rows: number): Float32Array[] {
  const width = values.length / rows;
  return Array.from({ length: rows }, (_, at) => values.slice(at * width, (at + 1) * width));
}

/** softmax, as an ordinary array of float64. */
export function distributionOf(logits: Float32Array): number[] {
  const normalizer = logSumExp(logits);
  return Array.from(logits, (logit) => Math.exp(logit - normalizer));
}

/** Ids by descending logit; the first is the arg max, on ties the lowest id. */
export function argMaxOf(logits: ArrayLike<number>): number {
  let best = 0;
  for (let id = 1; id < logits.length; id++) if (logits[id]! > logits[best]!) best = id;
  return best;
}

/** Fail unless two rows have the same removed tokens and nearly the same other logits. */
export function verifySame(
  actual: ArrayLike<number>,
  expected: ArrayLike<number>,
  what: string,
  tolerance: number = 0,
): void {
  verify(actual.length === expected.length, `${what}: ${actual.length} values in place of ${expected.length}`);
  for (let id = 0; id < expected.length; id++) {
    const a = actual[id]!;
    const b = expected[id]!;
    // An infinite scale would accept anything in place of a removed token.
    const near = Number.isFinite(b) && Math.abs(a - b) <= tolerance * Math.max(1, Math.abs(b));
    const same = Object.is(a, b) || a === b || near;
    verify(same, `${what}: token ${id} has ${a} in place of ${b}`);
  }
}
