import type { ReadLimit } from '../limits/read-limit.ts';
import { bytesPerToken, type Shape } from '../models/shapes.ts';
import type { Row } from '../report/row.ts';
import type { Contestant } from '../timing/turns.ts';
import type { Context } from './bench.ts';

/** The read limit as a contestant: bytes per second. */
export function limitContestant(limit: ReadLimit, threads: 1 | 2, quick: boolean): Contestant {
  return { run: () => limit.measure(threads, quick ? 2 : 6) };
}

/** Measure the read limit alone and print it. */
export async function printLimit(context: Context, limit: ReadLimit): Promise<void> {
  const both = [1, 2] as const;
  const turns = await context.turns(both.map((threads) => limitContestant(limit, threads, context.quick)));
  const rows = both.map(
    (threads, i): Row =>
      context.row(
        { measure: 'read limit', engine: 'wasm loop over 500 MB', threads, unit: 'GB/s' },
        turns.values[i]!.map((bytes) => bytes / 1e9),
        turns,
      ),
  );
  context.print('How fast memory can be read, which bounds every engine', rows);
}

/**
 * Share of the read limit that a rate reaches, per round: the weights that a step reads, times the steps per second, divided by what
 * the loop read per second in the same round. A model that fits into a cache may exceed 1.
 *
 * @param times milliseconds per step.
 * @param limits bytes per second.
 */
export function sharesOfLimit(
  shape: Shape,
  format: string,
  times: readonly number[],
  limits: readonly number[],
): number[] {
  const bytes = bytesPerToken(shape, format);
  return times.map((time, round) => (bytes * 1000) / time / limits[round]!);
}
