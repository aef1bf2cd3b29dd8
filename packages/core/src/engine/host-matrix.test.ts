import { describe, expect, it } from 'vitest';
import { DisposedError, ShapeError } from '../errors.ts';
import { HostMatrix } from './host-matrix.ts';

const matrix = (): HostMatrix => new HostMatrix(Float32Array.of(1, 2, 3, 4, 5, 6), 3, 2);

describe('HostMatrix', () => {
  it('reads all values, or some rows in any order', async () => {
    expect([...(await matrix().read())]).toEqual([1, 2, 3, 4, 5, 6]);
    expect([...(await matrix().read([2, 0, 2]))]).toEqual([5, 6, 1, 2, 5, 6]);
    expect([...(await matrix().read([]))]).toEqual([]);
  });

  it('returns copies, which the caller may change', async () => {
    const kept = matrix();
    (await kept.read()).fill(0);
    (await kept.read([1])).fill(0);
    expect([...(await kept.read())]).toEqual([1, 2, 3, 4, 5, 6]);
  });

  it('cannot be read once it is disposed', async () => {
    const gone = matrix();
    gone.dispose();
    gone.dispose();
    await expect(gone.read()).rejects.toThrow(DisposedError);
  });

  it('rejects values that do not match its shape', () => {
    expect(() => new HostMatrix(new Float32Array(5), 3, 2)).toThrow(ShapeError);
  });
});
