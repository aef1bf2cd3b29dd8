import { afterEach, describe, expect, it, vi } from 'vitest';
import { ForeignUse } from './quiet.ts';
import { inTurns } from './turns.ts';

afterEach(() => vi.restoreAllMocks());

/** Cores that other programs use in each round. */
function others(...cores: (number | undefined)[]): void {
  vi.spyOn(ForeignUse.prototype, 'stop').mockImplementation(() => cores.shift());
}

describe('inTurns', () => {
  it('warms up, runs every contestant in each round, and every other round backwards', async () => {
    others(0, 0, 0);
    const order: string[] = [];
    const contestant = (name: string) => ({ run: () => order.push(name) });
    const { values, noisy, foreign } = await inTurns([contestant('a'), contestant('b')], { rounds: 3, repeats: 0 });
    expect(order.join(' ')).toBe('a b a b b a a b');
    expect(values).toEqual([
      [3, 6, 7],
      [4, 5, 8],
    ]);
    expect({ noisy, foreign }).toEqual({ noisy: false, foreign: 0 });
  });

  it('repeats rounds in which others used the machine, and keeps the quiet ones', async () => {
    others(0.02, 1.3, 0.05);
    let count = 0;
    const result = await inTurns([{ run: () => ++count }], { rounds: 2, repeats: 5, warmUps: 0 });
    expect(result).toEqual({ values: [[1, 3]], noisy: false, foreign: 0.05 });
  });

  it('keeps all rounds and marks them when too few were quiet', async () => {
    others(0.5, 0, 0.7);
    let count = 0;
    const result = await inTurns([{ run: () => ++count }], { rounds: 2, repeats: 1, warmUps: 0 });
    expect(result).toEqual({ values: [[1, 2, 3]], noisy: true, foreign: 0.7 });
  });

  it('believes what it cannot check', async () => {
    others(undefined, undefined);
    const result = await inTurns([{ run: () => 1 }], { rounds: 2, repeats: 5, warmUps: 0 });
    expect(result).toEqual({ values: [[1, 1]], noisy: false, foreign: undefined });
  });

  it('fills the least time of a turn with measurements, and takes their mean', async () => {
    others(0);
    let now = 0;
    vi.spyOn(performance, 'now').mockImplementation(() => now);
    const { values } = await inTurns([{ run: () => (now += 10) }], {
      rounds: 1,
      repeats: 0,
      warmUps: 0,
      leastTime: 30,
    });
    expect(values).toEqual([[20]]);
  });
});
