import { ForeignUse, quietCores } from './quiet.ts';

/** Something that is measured repeatedly. */
export interface Contestant {
  /** One measurement; the contestant defines the unit. */
  run(): number | Promise<number>;
}

export interface TurnsOptions {
  /** Rounds that count. */
  readonly rounds: number;
  /** Warm-up rounds before them, which do not count. Default 1. */
  readonly warmUps?: number;
  /**
   * Minimum duration of a contestant's turn in milliseconds. Short measurements are repeated and averaged, since the use by other
   * programs is known only in hundredths of a second. Default 0.
   */
  readonly leastTime?: number;
  /** Maximum number of rounds that are repeated because other programs used the machine. */
  readonly repeats: number;
  /** Processes that belong to the measurement. */
  readonly children?: readonly number[];
}

/** Measurements of some contestants, by round. */
export interface Turns {
  /** One list per contestant; entry i of every list is from the same round. */
  readonly values: readonly (readonly number[])[];
  /** True when there were too few quiet rounds, so that noisy ones are included. */
  readonly noisy: boolean;
  /** Cores that other programs used in the worst of these rounds; undefined when unknown. */
  readonly foreign: number | undefined;
}

/**
 * Measure alternately: each round runs every contestant once, every other round in reverse order, so that changes of the machine's
 * speed affect all contestants alike. A round in which other programs used the machine is repeated, up to `repeats` times. When too
 * few rounds are quiet, all are kept and marked.
 */
export async function inTurns(contestants: readonly Contestant[], options: TurnsOptions): Promise<Turns> {
  const { rounds, warmUps = 1, leastTime = 0, repeats, children = [] } = options;
  for (let i = 0; i < warmUps; i++) for (const contestant of contestants) await oneTurn(contestant, leastTime);
  const all: Round[] = [];
  const isQuiet = ({ foreign }: Round): boolean => foreign === undefined || foreign <= quietCores;
  while (all.length < rounds + repeats && all.filter(isQuiet).length < rounds)
    all.push(await oneRound(contestants, leastTime, all.length % 2 === 1, children));
  const quiet = all.filter(isQuiet);
  const kept = quiet.length >= rounds ? quiet : all;
  const foreign = kept.map((round) => round.foreign).filter((cores) => cores !== undefined);
  return {
    values: contestants.map((_, index) => kept.map(({ values }) => values[index]!)),
    noisy: kept !== quiet,
    foreign: foreign.length === 0 ? undefined : Math.max(...foreign),
  };
}

interface Round {
  readonly values: readonly number[];
  readonly foreign: number | undefined;
}

async function oneRound(
  contestants: readonly Contestant[],
  leastTime: number,
  backwards: boolean,
  children: readonly number[],
): Promise<Round> {
  const values = new Array<number>(contestants.length);
  const use = new ForeignUse(children);
  use.start();
  for (let i = 0; i < contestants.length; i++) {
    const index = backwards ? contestants.length - 1 - i : i;
    values[index] = await oneTurn(contestants[index]!, leastTime);
  }
  return { values, foreign: use.stop() };
}

/** The mean of the measurements that fit in the time, at least one. */
async function oneTurn(contestant: Contestant, leastTime: number): Promise<number> {
  const began = performance.now();
  let sum = 0;
  let count = 0;
  do {
    sum += await contestant.run();
    count++;
  } while (performance.now() - began < leastTime);
  return sum / count;
}
