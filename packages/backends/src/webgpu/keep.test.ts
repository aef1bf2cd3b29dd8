import type { Kept } from '@tokenwright/core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { Device } from './device.ts';
import { WebgpuMatrix } from './matrix.ts';
import { hasWebgpu } from './testing/start.ts';

const here = await hasWebgpu();
const removed = -Infinity;
const columns = 700;
const row = Float32Array.from({ length: columns }, (_, id) => (id % 9 === 4 ? removed : Math.sin(id * 1.7) * 6));
const rows: Record<string, Float32Array> = {
  plain: row,
  // Few values: many are equal, some of them 0 and -0.
  ties: row.map((logit) => (logit === removed ? removed : Math.round(logit / 2) * 2)),
  flat: row.map(() => -3),
  'one left': row.map((_, id) => (id === 321 ? -1000 : removed)),
  'nothing left': row.map(() => removed),
  NaN: row.map((logit, id) => (id === 5 ? Number.NaN : logit)),
  '+Infinity': row.map((logit, id) => (id === 5 ? Infinity : logit)),
};

/** What stays of a row, in float64. */
function expected(logits: Float32Array, kept: Kept): Float32Array {
  if (logits.some((logit) => !(logit < Infinity)) || Math.max(...logits) === removed) return logits;
  const order = [...logits.keys()]
    .filter((id) => logits[id]! > removed)
    .sort((a, b) => logits[b]! - logits[a]! || a - b);
  const weights = order.map((id) => Math.exp(logits[id]! - logits[order[0]!]!));
  const goal = 'mass' in kept ? kept.mass * weights.reduce((sum, weight) => sum + weight, 0) : kept.top;
  const result = new Float32Array(columns).fill(removed);
  let above = 0;
  for (const [at, id] of order.entries()) {
    if (at > 0 && above >= goal) break;
    result[id] = logits[id]!;
    above += 'mass' in kept ? weights[at]! : 1;
  }
  return result;
}

describe.skipIf(!here)('the largest logits of a row', () => {
  let device: Device;
  beforeAll(async () => {
    device = await Device.start('a test', {});
  });
  afterAll(() => device.dispose());

  it.each<Kept>([
    { top: 1 },
    { top: 50 },
    { top: 699 },
    { top: 700 },
    { mass: 0 },
    { mass: 0.553 },
    { mass: 0.957 },
    { mass: 1 },
  ])('stay, of equals the lower ids: %o', async (kept) => {
    const names = Object.keys(rows);
    const matrix = WebgpuMatrix.make({ device, tensors: undefined }, 'a test', names.length, columns);
    const values = Float32Array.from(names.flatMap((name) => [...rows[name]!]));
    device.gpu.queue.writeBuffer(matrix.buffer, 0, values);
    const result = matrix.keep(kept);
    matrix.dispose();
    const received = await result.read();
    for (const [at, name] of names.entries())
      expect([name, received.slice(at * columns, (at + 1) * columns)]).toEqual([name, expected(rows[name]!, kept)]);
    result.dispose();
    expect(device.buffers).toBe(0);
  });
});
