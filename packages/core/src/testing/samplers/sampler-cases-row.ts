import { HostRow } from '../../sampling/chain/host-row.ts';
import { History } from '../../sampling/history.ts';
import { Random } from '../../sampling/random.ts';
import { RunState } from '../../sampling/run-state.ts';
import type { BatchStep, Sampler } from '../../sampling/sampler.ts';

/** The context of a test row. Everything has a default. */
export interface TestRowOptions {
  /** Tokens of the prompt. Default none. */
  readonly prompt?: ArrayLike<number>;
  /** Tokens after the prompt. Default none. */
  readonly generated?: ArrayLike<number>;
  /** A history and a state to continue from, instead of the two above. */
  readonly history?: History;
  readonly state?: RunState;
  readonly promptLength?: number;
  /** Tokens of the source text. */
  readonly source?: ArrayLike<number>;
  /** Default 0. */
  readonly sequence?: number;
  /** Default 7. */
  readonly seed?: number;
  /** Default none. */
  readonly eosTokenIds?: readonly number[];
  /** Default 1000. */
  readonly maxLength?: number;
}

/** A row of logits with a history and a state, as in a run. The logits are copied. */
export function testRow(logits: ArrayLike<number>, options: TestRowOptions = {}): HostRow {
  const { prompt = [], generated = [], source } = options;
  let history = options.history ?? History.of(prompt);
  if (options.history === undefined) for (const id of Array.from(generated)) history = history.append(id);
  return new HostRow(Float32Array.from(logits), {
    history,
    sequence: options.sequence ?? 0,
    promptLength: options.promptLength ?? prompt.length,
    vocabSize: logits.length,
    eosTokenIds: options.eosTokenIds ?? [],
    maxLength: options.maxLength ?? 1000,
    random: new Random(options.seed ?? 7),
    state: options.state ?? new RunState(),
    ...(source === undefined ? {} : { source }),
  });
}

/** The result of a chain for one row: [V], a new array. For tests of a sampler with a few numbers. */
export function shaped(
  samplers: Sampler | readonly Sampler[],
  logits: ArrayLike<number>,
  options: TestRowOptions = {},
): Float32Array {
  const row = testRow(logits, options);
  (Array.isArray(samplers) ? (samplers as readonly Sampler[]) : [samplers as Sampler]).forEach((sampler, index) => {
    row.apply(sampler, index);
  });
  return row.logits;
}

/** The steps of a batch, for a sampler's device form. */
export function testBatch(rows: readonly HostRow[], stage = 0): BatchStep {
  return { rows: rows.map((row) => row.step(stage)) };
}

/** Ids that were not removed, ascending. */
export function candidatesOf(logits: ArrayLike<number>): number[] {
  return Array.from(logits, (_, id) => id).filter((id) => logits[id]! > -Infinity);
}
