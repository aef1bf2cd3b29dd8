import type { Summary } from '../timing/statistics.ts';
import type { Turns } from '../timing/turns.ts';

/** One measurement as it is printed; with `--json`, one object of this shape per line. `null` means that a field does not apply. */
export interface Row {
  readonly bench: string;
  /** What was measured: 'decode', 'prefill 128', 'load'. */
  readonly measure: string;
  readonly engine: string | null;
  /** Weight format. */
  readonly format: string | null;
  readonly shape: string | null;
  readonly threads: number | null;
  readonly tokensPerSecond: number | null;
  /** The median of the quotients of the same rounds; `ratioTo` names the baseline: 'as fast as tfjs wasm', 'the cost at 100'. */
  readonly ratio: number | null;
  readonly ratioTo: string | null;
  /** Weights read per second, as a share of the rate of a plain loop with the same number of threads in the same rounds. */
  readonly shareOfLimit: number | null;
  /** The measured number: the median, with minimum and maximum. */
  readonly value: number;
  readonly min: number;
  readonly max: number;
  readonly unit: Unit;
  /** Number of measurements. */
  readonly rounds: number;
  /** True when other programs used the machine, so that the numbers are unreliable. */
  readonly noisy: boolean;
  /** Cores that other programs used in the worst round; null when unknown. */
  readonly foreignCores: number | null;
}

export type Unit = 'tok/s' | 'ms' | 'us' | 'GB/s' | 'MB' | 'x';

/** Fields of a row besides the measured number. */
export type RowFacts = Pick<Row, 'measure' | 'unit'> &
  Partial<
    Pick<Row, 'engine' | 'format' | 'shape' | 'threads' | 'tokensPerSecond' | 'ratio' | 'ratioTo' | 'shareOfLimit'>
  >;

/** Makes a row from its facts, the summary of its measurements and the noise during them. */
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
