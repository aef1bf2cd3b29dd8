import '@tensorflow/tfjs-backend-cpu';
import { ready, setBackend, tensor2d, tidy, tile } from '@tensorflow/tfjs-core';
import { beforeAll, describe, expect, it } from 'vitest';
import { type DrawKey, gumbelNoise, sampleToken } from '../draw/race.ts';
import { Random } from '../sampling/random.ts';
import { chooseOnDevice, readChoice } from './choose-on-device.ts';

beforeAll(async () => {
  await setBackend('cpu');
  await ready();
});

/** Logits of a row: flat, as from a model, or nearly decided. */
const scales = [0, 1, 4, 30];

async function choose(rows: readonly Float32Array[], keys: readonly DrawKey[] | undefined): Promise<Int32Array> {
  const [width, flat] = [rows[0]!.length, rows.flatMap((row) => [...row])];
  const chosen = tidy(() => chooseOnDevice(tensor2d(flat, [rows.length, width]), keys));
  const ids = readChoice((await chosen.data()) as Float32Array);
  chosen.dispose();
  return ids;
}

describe.each([5_000, 151_936])('sampling from %i tokens on the device', (vocabSize) => {
  it.each(scales)('gives the token of the host, up to float32 rounding, with logits spread by %f', async (scale) => {
    const random = new Random(vocabSize);
    const logits = Float32Array.from(
      { length: vocabSize },
      (_, id) => scale * (random.uniform(0, id, 'accept') + random.uniform(1, id, 'accept') - 1),
    );
    const keys = [0, 1, 2, 3].map((sequence) => random.key(sequence, 0, 'draw'));
    const chosen = tidy(() => chooseOnDevice(tile(tensor2d(logits, [1, vocabSize]), [keys.length, 1]), keys));
    const ids = readChoice((await chosen.data()) as Float32Array);
    chosen.dispose();
    for (const [at, key] of keys.entries()) {
      const expected = sampleToken(logits, key);
      const sum = (id: number): number => logits[id]! + gumbelNoise(key, id);
      if (ids[at] !== expected) expect(sum(expected) - sum(ids[at]!)).toBeLessThan(2 ** -22 * (1 + sum(expected)));
    }
  });
});

describe('a row', () => {
  const keys = [0, 1, 2].map((sequence) => new Random(4).key(sequence, 9, 'draw'));
  const row = Float32Array.from({ length: 40 }, (_, id) => (id % 3 === 0 ? -Infinity : (id * 7) % 5));

  it('gives the same alone and among others, and never a removed token', async () => {
    const others = keys.map((_, shift) => row.map((_, id) => row[(id + shift) % row.length]!));
    const together = await choose(others, keys);
    for (const [at, other] of others.entries()) {
      expect([...(await choose([other], [keys[at]!]))]).toEqual([together[at]]);
      expect(together[at]).toBe(sampleToken(other, keys[at]!));
    }
  });

  it('shares the numbers of rows with the same key', async () => {
    const key = keys[0]!;
    expect([...(await choose([row, row], [key, [...key]]))]).toEqual([sampleToken(row, key), sampleToken(row, key)]);
  });

  it('has no token when nothing is left, or a logit is NaN or +Infinity', async () => {
    const broken = [
      [-Infinity, -Infinity],
      [0, Number.NaN],
      [Number.NaN, 0],
      [0, Infinity],
      [-Infinity, 2],
    ];
    const rows = broken.map((values) => Float32Array.from(values));
    const given = rows.map((_, sequence) => new Random(1).key(sequence, 0, 'draw'));
    for (const drawn of [given, undefined]) expect([...(await choose(rows, drawn))]).toEqual([-1, -1, -1, -1, 1]);
  });
});
