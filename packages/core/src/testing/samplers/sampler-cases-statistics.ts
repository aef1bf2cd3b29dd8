import { sampleToken } from '../../draw/race.ts';
import { Random } from '../../sampling/random.ts';
import type { Sampler } from '../../sampling/sampler.ts';
import { verify } from '../cases.ts';
import { applyTo, distributionOf } from './sampler-cases-apply.ts';

/**
 * Sample from what the sampler leaves, and compare the counts with a distribution: the declared one, otherwise the mean
 * of what it left. Seeds are fixed, so the test is deterministic.
 */
export function drawsAsDeclared(
  sampler: Sampler,
  declared: ((probabilities: readonly number[]) => ArrayLike<number>) | undefined,
  draws: number = 4000,
): void {
  const logits = [2, 1.5, 1, 0.75, 0.5, 0, -0.5, -1, -Infinity, -2].map(Math.fround);
  const counts = new Array<number>(logits.length).fill(0);
  const mean = new Array<number>(logits.length).fill(0);
  const seed = 11;
  const random = new Random(seed);
  for (let sequence = 0; sequence < draws; sequence++) {
    const row = applyTo(sampler, logits, { sequence, seed });
    distributionOf(row.logits).forEach((p, id) => {
      mean[id]! += p / draws;
    });
    const id = sampleToken(row.logits, random.key(sequence, row.context.history.length, 'draw'), row.candidates);
    verify(id >= 0, 'nothing can be sampled');
    counts[id]! += 1;
  }
  const expected = declared?.(distributionOf(Float32Array.from(logits))) ?? mean;

  // Rare tokens are counted together: the chi-square approximation needs about 5 of each.
  let statistic = 0;
  let cells = 0;
  let rareCount = 0;
  let rareExpected = 0;
  counts.forEach((count, id) => {
    const wanted = expected[id]! * draws;
    verify(wanted > 0 || count === 0, `token ${id} was sampled ${count} times, but has no probability`);
    if (wanted < 5) {
      rareCount += count;
      rareExpected += wanted;
    } else {
      statistic += (count - wanted) ** 2 / wanted;
      cells++;
    }
  });
  if (rareExpected > 0) {
    statistic += (rareCount - rareExpected) ** 2 / Math.max(rareExpected, 1);
    cells++;
  }
  const limit = chiSquareLimit(Math.max(1, cells - 1));
  verify(statistic <= limit, `chi-square of ${draws} samples is ${statistic.toFixed(1)}, above ${limit.toFixed(1)}`);
}

/** The chi-square value that is exceeded once in 100,000 times (Wilson and Hilferty's approximation). */
function chiSquareLimit(degrees: number): number {
  const spread = 2 / (9 * degrees);
  return degrees * (1 - spread + 4.265 * Math.sqrt(spread)) ** 3;
}
