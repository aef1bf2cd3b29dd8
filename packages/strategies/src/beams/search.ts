import { type KVCache, ParameterError, type StreamEvent } from '@tokenwright/core';
import { camelCase, type Scores } from '@tokenwright/core/sampling';
import { type Decoding, InterruptedError, type Run, type Settled } from '@tokenwright/core/strategy';
import { type Beam, betterFirst } from './beam.ts';
import type { BeamSettings } from './beam-options.ts';
import { detailsOf, type Hypothesis } from './hypothesis.ts';

/** The scores of one step, and the row of each live hypothesis in them. */
export interface SearchStep {
  readonly scores: Scores;
  readonly origins: ReadonlyMap<Hypothesis, number>;
}

/**
 * The loop of every deterministic beam search: advance all live hypotheses, let `step` choose continuations, and return the best
 * sequences when each beam is done.
 *
 * @param name of the strategy, for step events.
 * @param step calls `take` on each beam that is not done.
 */
export async function* search(
  run: Run,
  name: string,
  beams: readonly Beam[],
  domain: BeamSettings['domain'],
  step: (step: SearchStep) => Promise<void>,
): Decoding {
  while (beams.some(({ done }) => !done) && run.interrupted === undefined) {
    const live = liveOf(beams);
    const scores = await advanceUnlessInterrupted(run, live);
    if (scores === undefined) break;
    if (domain === 'log-probabilities') scores.normalize();
    scores.apply(run.samplers);
    const active = beams.filter(({ done }) => !done);
    await step({ scores, origins: originsOf(live) });
    yield* stepEvents(run, name, active);
    arrange(run.cache, beams);
  }
  yield* run.settle(settled(run, beams));
}

/** @throws ParameterError when more sequences are requested than the strategy can return. */
export function checkSequences(strategy: string, run: Run, most: number, option = 'numBeams'): void {
  const { numReturnSequences } = run.options;
  if (numReturnSequences > most)
    throw new ParameterError(
      camelCase(strategy),
      'numReturnSequences',
      `an integer from 1 to ${option}, which is ${most}`,
      numReturnSequences,
    );
}

/** The row of each hypothesis in the scores. */
export function originsOf(live: readonly Hypothesis[]): Map<Hypothesis, number> {
  return new Map(live.map((hypothesis, row) => [hypothesis, row]));
}

/** Advance. `undefined` when the call was interrupted, so that the search can return what it has. */
export async function advanceUnlessInterrupted(run: Run, live: readonly Hypothesis[]): Promise<Scores | undefined> {
  try {
    return await run.advance(live.map(({ row }) => row));
  } catch (error) {
    if (error instanceof InterruptedError) return undefined;
    throw error;
  }
}

/** The live hypotheses of all beams, in row order. */
function liveOf(beams: readonly Beam[]): Hypothesis[] {
  return beams.flatMap(({ live }) => live);
}

/** Gather the rows of the cache to match the live hypotheses. */
function arrange(cache: KVCache, beams: readonly Beam[]): void {
  const order = liveOf(beams).map(({ origin }) => origin);
  if (order.length !== cache.rows || order.some((origin, row) => origin !== row)) cache.gather(order);
}

/** The best finished hypotheses of each prompt, as sequences. */
function settled(run: Run, beams: readonly Beam[]): Settled[] {
  if (run.interrupted !== undefined) for (const beam of beams) beam.close({ finishReason: run.interrupted });
  const prompts = [...new Set(beams.map(({ prompt }) => prompt))];
  return prompts.flatMap((prompt) =>
    beams
      .filter((beam) => beam.prompt === prompt)
      .flatMap(({ finished }) => finished)
      .sort(betterFirst)
      .slice(0, run.options.numReturnSequences)
      .map((hypothesis, sequence) => ({
        row: { ...hypothesis.row, sequence },
        finish: hypothesis.finish,
        ...(hypothesis.parent === undefined ? {} : { score: hypothesis.final }),
        tokens: detailsOf(hypothesis),
      })),
  );
}

/** One step event for each beam that took part in a step, if the call asked for steps. */
function stepEvents(run: Run, strategy: string, beams: readonly Beam[]): StreamEvent[] {
  if (!run.options.steps) return [];
  return beams.map((beam) => ({ type: 'step', promptIndex: beam.prompt, strategy, detail: beam.lastStep() }));
}
