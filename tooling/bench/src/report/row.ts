import type { Summary } from '../timing/statistics.ts';
import type { Turns } from '../timing/turns.ts';

/** One measurement as it is printed; with `--json`, one object of this shape a line. `null` = does not apply. */
export interface Row {
  readonly bench: string;
  /** What was measured: 'decode', 'prefill 128', 'load'. */
  readonly measure: string;
  readonly engine: string | null;
  /** How the weights are held. */
  readonly format: string | null;
  readonly shape: string | null;
  readonly threads: number | null;
  readonly tokensPerSecond: number | null;
  /** The median of the quotients of the same rounds; `ratioTo` goes on 'so many times …': 'as fast as tfjs wasm', 'the cost at 100'. */
  readonly ratio: number | null;
  readonly ratioTo: string | null;
  /** Weights read per second, as a share of what a plain loop with as many threads reads in the same rounds. */
  readonly shareOfLimit: number | null;
  /** The measured number: the median, with the least and the most. */
  readonly value: number;
  readonly min: number;
  readonly max: number;
  readonly unit: Unit;
  /** How many measurements the median is of. */
  readonly rounds: number;
  /** True when others used the machine, so that the numbers are not to be believed. */
  readonly noisy: boolean;
  /** Cores that others used, at worst; null where that cannot be told. */
  readonly foreignCores: number | null;
}

export type Unit = 'tok/s' | 'ms' | 'us' | 'GB/s' | 'MB' | 'x';

/** What a bench says of a row besides the measured number. */
export type RowFacts = Pick<Row, 'measure' | 'unit'> &
  Partial<
    Pick<Row, 'engine' | 'format' | 'shape' | 'threads' | 'tokensPerSecond' | 'ratio' | 'ratioTo' | 'shareOfLimit'>
  >;

/** A row from its facts, the summary of what was measured, and how quiet it was then. */
export function makeRow(
  bench: string,
  facts: RowFacts,
  { median, min, max, count }: Summary,
  { noisy, foreign }: Pick<Turns, 'noisy' | 'foreign'>,
): Row {
  const { measure, unit, engine = null, format = null, shape = null, threads = null } = facts;
  const { ratio = null, ratioTo = null, shareOfLimit = null } = facts;
  return {
    bench,
    measure,
    engine,
    format,
    shape,
    threads,
    tokensPerSecond: facts.tokensPerSecond ?? (unit === 'tok/s' ? median : null),
    ratio,
    ratioTo,
    shareOfLimit,
    value: median,
    min,
    max,
    unit,
    rounds: count,
    noisy,
    foreignCores: foreign ?? null,
  };
}
