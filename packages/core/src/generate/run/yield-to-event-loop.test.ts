import { afterEach, describe, expect, it, vi } from 'vitest';
import { toyModel } from '../../testing/toy-model.ts';
import { generate } from '../generate.ts';
import { EventLoopYielder } from './yield-to-event-loop.ts';

afterEach(() => {
  vi.unstubAllGlobals();
  vi.restoreAllMocks();
});

/** Whether a timer that was due came through while `work` ran. */
async function letsTimersThrough(work: () => Promise<void>): Promise<boolean> {
  let fired = false;
  setTimeout(() => {
    fired = true;
  }, 0);
  const until = performance.now() + 3;
  while (performance.now() < until);
  await work();
  return fired;
}

describe('Yielder', () => {
  it('lets the event loop turn when the last turn was a while ago', async () => {
    const yielder = new EventLoopYielder(0);
    expect(
      await letsTimersThrough(async () => {
        for (let i = 0; i < 3; i++) await yielder.yieldToEventLoop();
      }),
    ).toBe(true);
  });

  it('does not while the last turn was only just', async () => {
    const yielder = new EventLoopYielder(60_000);
    expect(await letsTimersThrough(() => yielder.yieldToEventLoop())).toBe(false);
  });

  it('turns with a message where there is no setImmediate, as in browsers', async () => {
    vi.stubGlobal('setImmediate', undefined);
    const yielder = new EventLoopYielder(0);
    expect(
      await letsTimersThrough(async () => {
        for (let i = 0; i < 3; i++) await yielder.yieldToEventLoop();
      }),
    ).toBe(true);
  });

  it('counts the interval from the last turn', async () => {
    let now = 1000;
    vi.spyOn(performance, 'now').mockImplementation(() => now);
    let turns = 0;
    vi.stubGlobal('setImmediate', (work: () => void) => {
      turns++;
      work();
    });
    const yielder = new EventLoopYielder(10);
    for (const time of [1009, 1010, 1019, 1020]) {
      now = time;
      await yielder.yieldToEventLoop();
    }
    expect(turns).toBe(2);
  });
});

describe('a timer that aborts', () => {
  it('gets through to a model that computes synchronously', async () => {
    const controller = new AbortController();
    setTimeout(() => controller.abort(), 20);
    const options = { maxNewTokens: 1e6, onContextFull: 'slide', signal: controller.signal, eosTokenIds: [] } as const;
    const [end] = (await generate(toyModel(), [1], options)).sequences;
    expect(end!.finishReason).toBe('abort');
    expect(end!.ids.length).toBeLessThan(1e6);
  });
});
