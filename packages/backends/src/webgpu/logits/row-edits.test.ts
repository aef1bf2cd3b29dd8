import type { KeepRule } from '@tokenwright/core/engine';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { Device } from '../device/device.ts';
import { hasWebgpu } from '../testing/start.ts';
import { WebgpuMatrix } from './matrix.ts';

const here = await hasWebgpu();
const removed = -Infinity;
const columns = 700;
const row = Float32Array.from({ length: columns }, (_, id) => (id % 9 === 4 ? removed : Math.sin(id * 1.7) * 6));
const rows: Record<string, Float32Array> = {
  plain: row,
  // Few distinct values: many are equal, some of them 0 and -0.
  ties: row.map((logit) => (logit === removed ? removed : Math.round(logit / 2) * 2)),
  flat: row.map(() => -3),
  'one left': row.map((_, id) => (id === 321 ? -1000 : removed)),
  'nothing left': row.map(() => removed),
  NaN: row.map((logit, id) => (id === 5 ? Number.NaN : logit)),
  '+Infinity': row.map((logit, id) => (id === 5 ? Infinity : logit)),
};

/** The tokens of a row that are kept, in float64. */
function expected(logits: Float32Array, kept: KeepRule): Float32Array {
  if (logits.some((logit) => !(logit < Infinity)) || Math.max(...logits) === removed) return logits;
  const order = [...logits.keys()]
    .filter((id) => logits[id]! > removed)
    .sort((a, b) => logits[b]! - logits[a]! || a - b);
  const weights = order.map((id) => Math.exp(logits[id]! - logits[order[0]!]!));
  const share = 'share' in kept ? kept.share : 0;
  const mass = 'mass' in kept ? kept.mass * weights.reduce((sum, weight) => sum + weight, 0) : Infinity;
  const count = 'top' in kept ? kept.top : Infinity;
  const result = new Float32Array(columns).fill(removed);
  let above = 0;
  for (const [at, id] of order.entries()) {
    if (at > 0 && (at >= count || above >= mass || weights[at]! < share)) break;
    result[id] = logits[id]!;
    above += weights[at]!;
  }
  return result;
}

describe.skipIf(!here)('rows of logits on the device', () => {
  let device: Device;
  beforeAll(async () => {
    device = await Device.start('a test', {});
  });
  afterAll(() => device.dispose());

  /** All rows, after `work`, which must not read anything back. */
  async function after(work: (matrix: WebgpuMatrix) => WebgpuMatrix): Promise<[string, Float32Array][]> {
    const names = Object.keys(rows);
    const matrix = WebgpuMatrix.make({ device, tensors: undefined }, 'a test', names.length, columns);
    device.gpu.queue.writeBuffer(matrix.buffer, 0, Float32Array.from(names.flatMap((name) => [...rows[name]!])));
    const read = device.bytesRead;
    const result = work(matrix);
    matrix.dispose();
    expect(device.bytesRead).toBe(read);
    const received = await result.read();
    result.dispose();
    expect(device.buffers).toBe(0);
    return names.map((name, at) => [name, received.slice(at * columns, (at + 1) * columns)]);
  }

  it.each<KeepRule>([
    { top: 1 },
    { top: 50 },
    { top: 699 },
    { top: 700 },
    { mass: 0 },
    { mass: 0.553 },
    { mass: 0.957 },
    { mass: 1 },
    { share: 0 },
    { share: 0.03 },
    { share: 1 },
  ])('keep their largest, on ties the lower ids: %o', async (kept) => {
    for (const [name, received] of await after((matrix) => matrix.keep(kept)))
      expect([name, received]).toEqual([name, expected(rows[name]!, kept)]);
  });

  it('are divided, with removed and invalid logits unchanged', async () => {
    for (const [name, received] of await after((matrix) => matrix.edit({ divide: 0.7 })))
      expectNear(
        received,
        rows[name]!.map((logit) => logit / 0.7),
      );
  });

  it('have listed tokens changed, per row', async () => {
    const amounts = Float32Array.of(0.5, 0.25, -1, 2);
    const edits = Object.keys(rows).map((_, row) => ({
      ids: Int32Array.of(4, 5, 10 + row, 321).subarray(0, row === 4 ? 0 : 4),
      factor: 1.5,
      ...(row < 3 ? { amounts } : {}),
    }));
    for (const [row, [name, received]] of (await after((matrix) => matrix.edit({ tokens: edits }))).entries()) {
      const right = rows[name]!.slice();
      const { ids, amounts: subtracted } = edits[row]!;
      for (const [i, id] of ids.entries())
        right[id] = (right[id]! < 0 ? right[id]! * 1.5 : right[id]! / 1.5) - (subtracted?.[i] ?? 0);
      expectNear(received, right);
    }
  });

  it('share their buffer when an edit changes nothing', async () => {
    const nothing = Object.keys(rows).map(() => ({ ids: new Int32Array(0), factor: 2 }));
    const before = device.dispatches;
    const values = await after((matrix) => {
      const divided = matrix.edit({ divide: 1 });
      const edited = divided.edit({ tokens: nothing });
      divided.dispose();
      return edited;
    });
    for (const [name, received] of values) expect([name, received]).toEqual([name, rows[name]]);
    expect(device.dispatches).toBe(before);
    const matrix = WebgpuMatrix.make({ device, tensors: undefined }, 'a test', 2, columns);
    expect(() => matrix.edit({ tokens: [] })).toThrow(/Edits of tokens/);
    expect(() => matrix.keep({ mass: 2 })).toThrow(/mass/);
    matrix.dispose();
  });
});

/** Equal within float32 rounding. */
function expectNear(received: Float32Array, right: Float32Array): void {
  for (const [id, logit] of received.entries())
    if (Number.isFinite(right[id]!))
      expect(Math.abs(logit - right[id]!)).toBeLessThan(1e-6 * (1 + Math.abs(right[id]!)));
    else expect(logit).toBe(right[id]);
}
