import { describe, expect, it } from 'vitest';
import { busyTicks, ForeignUse, processTicks } from './quiet.ts';

describe('/proc', () => {
  it('counts every kind of busy time but not idle time, nor guests twice', () => {
    expect(busyTicks('cpu  100 20 30 9999 5000 4 6 8 50 60\ncpu0 1 2 3 4 5 6 7 8 9 10\n')).toBe(168);
  });

  it('reads a process whose name has spaces and brackets', () => {
    expect(processTicks('12 (a (b) c) S 1 2 3 4 5 6 7 8 9 10 250 50 0 0 20 0 1')).toBe(300);
  });
});

describe('ForeignUse', () => {
  it('is a number of cores, or undefined where it is not known', () => {
    const use = new ForeignUse();
    use.start();
    const until = performance.now() + 30;
    while (performance.now() < until);
    const cores = use.stop();
    expect(cores === undefined || cores >= 0).toBe(true);
  });
});
