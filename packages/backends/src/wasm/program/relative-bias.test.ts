import '@tensorflow/tfjs-backend-cpu';
import type { Engine } from '@tokenwright/core';
import { t5 } from '@tokenwright/core/architectures';
import { createSequenceToSequence } from '@tokenwright/core/model';
import { referenceEngine } from '@tokenwright/core/reference';
import { seededWeights } from '@tokenwright/core/testing';
import { expect, it } from 'vitest';
import { fusedWasm } from '../index.ts';
import { errorOf, feed } from '../testing/logits.ts';

const config = t5.configure({
  vocab_size: 40,
  d_model: 16,
  d_kv: 4,
  d_ff: 24,
  num_layers: 1,
  num_heads: 64,
  n_positions: 4096,
});

async function logits(engine: Engine): Promise<Float32Array[]> {
  const model = await createSequenceToSequence(engine, t5, config, seededWeights(t5, config));
  const bound = await model.encode({ ids: [[5, 17, 9, 1]] });
  const cache = bound.createCache();
  const rows = await feed(bound, cache, [[0, 4, 7, 30]]);
  cache.dispose();
  bound.dispose();
  model.dispose();
  return rows;
}

it('the memory may grow for a table of biases while the tape is being written', async () => {
  const [engine, reference] = [await fusedWasm({ threads: 1 }).start(), await referenceEngine({ backend: 'cpu' })];
  // 64 heads, 8,193 offsets: 2 MB, more than packing leaves free.
  expect(errorOf(await logits(engine), await logits(reference))).toBeLessThan(1e-4);
  expect(engine.memory().bytes).toBe(0);
  await engine.dispose();
  await reference.dispose();
});
