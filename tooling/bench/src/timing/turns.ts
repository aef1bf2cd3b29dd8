import { ForeignUse, quietCores } from './quiet.ts';

/** Something to be measured, again and again. */
export interface Contestant {
  /** One measurement; what the number means is the contestant's own business. */
  run(): number | Promise<number>;
}

export interface TurnsOptions {
  /** Rounds that count. */
  readonly rounds: number;
  /** Rounds before them that do not: compilers and caches warm up. Default 1. */
  readonly warmUps?: number;
  /**
   * Milliseconds that a contestant's turn lasts at least: short measurements are repeated and their mean is taken, since use by
   * others is counted in hundredths of a second. Default 0.
   */
  readonly leastTime?: number;
  /** How many rounds may be repeated because others used the machine. */
  readonly repeats: number;
  /** Processes that belong to the measurement. */
  readonly children?: readonly number[];
}

/** What some contestants measured, round by round. */
export interface Turns {
  /** One list a contestant; entry i of every list is from the same round. */
  readonly values: readonly (readonly number[])[];
  /** True when there were fewer quiet rounds than asked for, so that noisy ones are among these. */
  readonly noisy: boolean;
  /** Cores that others used in the worst of these rounds; undefined where that cannot be told. */
  readonly foreign: number | undefined;
}

/**
 * Measure in turns: each round runs every contestant once, every other round backwards, so that what one is compared with is
 * measured in the same seconds and the machine's moods meet all alike. A round in which others used the machine is repeated, up
 * to `repeats` times; when quiet rounds remain too few, all are kept and marked.
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

/** The mean of as many measurements as fill the time, one at least. */
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
