import { getBackend, memory } from '@tensorflow/tfjs-core';
import type { Sampler } from '../../sampling/sampler.ts';
import { verify } from '../cases.ts';
import { applyTo, onDevice, verifySame } from './sampler-cases-apply.ts';
import { testRow } from './sampler-cases-row.ts';
import { testLogits } from './sampler-cases-rows.ts';

/** Checks of the device form, on the current TF.js backend when the case runs. */

export async function deviceEqualsHost(sampler: Sampler, vocabSize: number, rowsInteract: boolean): Promise<void> {
  verify(getBackend() !== undefined, 'no TF.js backend is set');
  const rows = testLogits(vocabSize);
  const batch = await onDevice(
    sampler,
    rows.map(({ logits, options }) => testRow(logits, options)),
  );
  for (const [at, { label, logits, options }] of rows.entries()) {
    const { logits: expected } = applyTo(sampler, logits, options);
    verifySame(batch[at]!, expected, `the row '${label}' on ${getBackend()}`, 1e-5);
    if (rowsInteract) continue;
    const [alone] = await onDevice(sampler, [testRow(logits, options)]);
    verifySame(alone!, batch[at]!, `the row '${label}' alone on ${getBackend()}`, 1e-6);
  }
}

export async function deviceHidesNothing(sampler: Sampler, vocabSize: number): Promise<void> {
  const { logits, options } = testLogits(vocabSize)[0]!;
  const rows = [
    testRow(logits.with(vocabSize >> 1, Number.NaN), options),
    testRow(new Float32Array(vocabSize).fill(-Infinity), options),
    testRow(logits, options),
  ];
  const [withNaN, empty, sound] = await onDevice(sampler, rows);
  verify(withNaN!.some(Number.isNaN), 'NaN is hidden by the device form');
  verify(!empty!.some((logit) => logit > -Infinity), 'a row with nothing left gets a token from the device form');
  verifySame(sound!, applyTo(sampler, logits, options).logits, 'a valid row next to invalid ones', 1e-5);
}

export async function deviceLeaksNothing(sampler: Sampler, vocabSize: number): Promise<void> {
  const rows = testLogits(vocabSize).map(({ logits, options }) => testRow(logits, options));
  await onDevice(sampler, rows);
  const before = memory().numTensors;
  await onDevice(sampler, rows);
  const leaked = memory().numTensors - before;
  verify(leaked === 0, `${leaked} tensors leaked`);
}
