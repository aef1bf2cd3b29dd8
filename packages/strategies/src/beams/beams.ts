import {
  type Finish,
  type Json,
  type KVCache,
  ParameterError,
  type StreamEvent,
  type TokenDetails,
} from '@tokenwright/core';
import { checkInteger, checkNumber } from '@tokenwright/core/options';
import type { Scores } from '@tokenwright/core/sampling';
import { InterruptedError, type Row, type Run, type Settled } from '@tokenwright/core/strategy';

/** What the kinds of beam search have in common. */
export interface BeamOptions {
  /** Hypotheses that are followed at once, at least 1. 1 = greedy decoding. */
  readonly numBeams: number;
  /**
   * A finished hypothesis scores `sum of log-probabilities / (new tokens, the end token included) ^ lengthPenalty`. Above 0 favours
   * longer sequences, below 0 shorter ones, 0 = off. Default 1.
   */
  readonly lengthPenalty?: number;
  /**
   * When a prompt is done, once `beams` hypotheses have finished: `true` = at once; `false` = when the best live one, scored at its
   * present length, is not better than the worst finished (a heuristic: with a positive length penalty it may yet become better);
   * `'never'` = when it cannot become better even at the greatest length. Default false.
   */
  readonly earlyStopping?: boolean | 'never';
  /**
   * What the sampler chain is applied to: `'logits'` = to the model's logits, so a sampler means what it means elsewhere, and the
   * result is normalized; `'log-probabilities'` = to the log-softmax, and the result is added up as it is (Hugging Face).
   * Default 'logits'.
   */
  readonly domain?: 'logits' | 'log-probabilities';
}

export type BeamSettings = Required<BeamOptions> & {
  /** See `BeamSearchOptions`. */
  readonly compatibility: 'transformers-5' | 'transformers-4.47';
};

/** Check the options and fill in the defaults. */
export function beamSettings(owner: string, options: BeamOptions & Partial<BeamSettings>): BeamSettings {
  const { lengthPenalty = 1, earlyStopping = false, domain = 'logits', compatibility = 'transformers-5' } = options;
  const beams = checkInteger(owner, 'numBeams', options.numBeams, 1);
  checkNumber(owner, 'lengthPenalty', lengthPenalty, 'a finite number');
  oneOf(owner, 'earlyStopping', earlyStopping, [true, false, 'never']);
  oneOf(owner, 'domain', domain, ['logits', 'log-probabilities']);
  oneOf(owner, 'compatibility', compatibility, ['transformers-5', 'transformers-4.47']);
  return { numBeams: beams, lengthPenalty, earlyStopping, domain, compatibility };
}

export function oneOf(owner: string, parameter: string, value: unknown, allowed: readonly unknown[]): void {
  if (!allowed.includes(value))
    throw new ParameterError(
      owner,
      parameter,
      `one of ${allowed.map((item) => JSON.stringify(item)).join(', ')}`,
      value,
    );
}

/** One line of tokens that a search follows. */
export interface Hypothesis {
  readonly row: Row;
  /** Sum of the log-probabilities of its new tokens. */
  readonly score: number;
  /** The row of the cache, and of the scores, that it grew from. */
  readonly origin: number;
  readonly parent?: Hypothesis;
  readonly details?: TokenDetails;
  /** What stochastic searches order by. */
  readonly key?: number;
}

export interface Finished extends Hypothesis {
  readonly reason: Finish;
  /** The sum divided by length ^ lengthPenalty. */
  readonly final: number;
  readonly fits: boolean;
}

/** Where the kinds of beam search differ. */
export interface BeamRules {
  /** Whether a hypothesis that a stop condition ends counts as finished. Default: always. */
  mayEnd?(hypothesis: Hypothesis): boolean;
  /** The hypotheses that go on, of those that could, best first. Default: the first `beams`. */
  select?(going: readonly Hypothesis[]): readonly Hypothesis[];
  /** Those that are kept of the ones that reach the greatest length together. Default: all. */
  closing?(live: readonly Hypothesis[], finished: readonly Finished[]): readonly Hypothesis[];
  /** Whether a finished hypothesis is what was asked for; others only count when there are too few. Default: always. */
  fits?(hypothesis: Hypothesis): boolean;
}

/** The beam of one prompt, or of one group of a prompt's hypotheses. */
export class Beam {
  readonly prompt: number;
  live: readonly Hypothesis[];
  /** Best first; at most `beams`. */
  finished: readonly Finished[] = [];
  readonly #run: Run;
  readonly #settings: BeamSettings;
  readonly #rules: BeamRules;
  readonly #firstLane: number;
  /** As it was before the last step. */
  #before: { readonly live: readonly Hypothesis[]; readonly finished: readonly Finished[] };

  /** @param start the prompt, and where it stands in the cache. */
  constructor(run: Run, settings: BeamSettings, start: Row, origin: number, rules: BeamRules = {}, firstLane = 0) {
    this.prompt = start.promptIndex;
    this.live = [{ row: { ...start, sequence: 0, beamIndex: firstLane }, score: 0, origin }];
    this.#run = run;
    this.#settings = settings;
    this.#rules = rules;
    this.#firstLane = firstLane;
    this.#before = this;
  }

  get done(): boolean {
    return this.live.length === 0;
  }

  /**
   * Sort continuations, best first, into those that go on and those that are finished; see whether the prompt is done. Returns
   * those that were to go on, although the prompt may be done.
   */
  take(candidates: readonly Hypothesis[]): readonly Hypothesis[] {
    const { numBeams, compatibility, earlyStopping, lengthPenalty } = this.#settings;
    this.#before = { live: this.live, finished: this.finished };
    const older = compatibility === 'transformers-4.47';
    // Those that reach the greatest length are selected once more, and then closed together.
    const closes = older || this.#rules.select !== undefined;
    const going: Hypothesis[] = [];
    const ended: Finished[] = [];
    const dropped: Finished[] = [];
    let last: Finish | undefined;
    for (const [rank, candidate] of candidates.entries()) {
      const reason = this.#run.finishOf(candidate.row);
      const together = reason?.finishReason === 'length';
      if (together) last = reason;
      if (reason === undefined || (closes && together)) going.push(candidate);
      else {
        const counts = rank < numBeams && this.#rules.mayEnd?.(candidate) !== false;
        (counts ? ended : dropped).push(this.#finish(candidate, reason));
      }
    }
    going.sort((a, b) => b.score - a.score);
    const chosen = (this.#rules.select?.(going) ?? going.slice(0, numBeams)).map((hypothesis, rank) => ({
      ...hypothesis,
      row: { ...hypothesis.row, beamIndex: this.#firstLane + rank },
    }));
    this.live = chosen;
    // When every line ends here, the best of those that should not have ended are better than none.
    const none = chosen.length + ended.length + this.finished.length === 0;
    this.#keep(none ? dropped : ended);

    const best = older ? candidates[0] : chosen[0];
    if (best === undefined) return chosen;
    const length = earlyStopping === 'never' && lengthPenalty > 0 ? this.#greatestLength : this.#newTokens(best);
    const worst = this.finished[numBeams - 1]?.final;
    if (worst !== undefined && (earlyStopping === true || worst >= best.score / length ** lengthPenalty))
      this.live = [];
    else if (closes && last !== undefined) this.close(last);
    return chosen;
  }

  /** End here: what is live counts as finished. */
  close(reason: Finish): void {
    const live = this.#rules.closing?.(this.live, this.finished) ?? this.live;
    this.live = [];
    this.#keep(live.map((hypothesis) => this.#finish(hypothesis, reason)));
  }

  /** What became of the hypotheses in the last step, for `StepEvent.detail`. */
  lastStep(): Json {
    const { live: before, finished: finishedBefore } = this.#before;
    const candidates = new Set([...this.live, ...this.finished].map(({ parent }) => parent));
    const shown = (hypothesis: Hypothesis): { ids: number[]; score: number } => ({
      ids: Array.from(hypothesis.row.history.tokens.subarray(this.#run.startLengths[this.prompt]!)),
      score: hypothesis.score,
    });
    return {
      live: this.live.map((hypothesis) => ({
        ...shown(hypothesis),
        parent: before.indexOf(hypothesis.parent as Hypothesis),
      })),
      finished: this.finished
        .filter((hypothesis) => !finishedBefore.includes(hypothesis))
        .map((hypothesis) => ({
          ...shown(hypothesis),
          score: hypothesis.final,
          finishReason: hypothesis.reason.finishReason,
        })),
      died: before.filter((hypothesis) => !candidates.has(hypothesis)).map(shown),
    };
  }

  #keep(ended: readonly Finished[]): void {
    this.finished = [...this.finished, ...ended].sort(betterFirst).slice(0, this.#settings.numBeams);
  }

  #finish(hypothesis: Hypothesis, reason: Finish): Finished {
    const { lengthPenalty, compatibility } = this.#settings;
    const { row } = hypothesis;
    const [firstEnd] = this.#run.options.eosTokenIds;
    const renamed =
      typeof reason.stopReason === 'number' && compatibility === 'transformers-4.47' && row.history.at(-1) !== firstEnd;
    return {
      ...hypothesis,
      ...(renamed ? { row: { ...row, history: row.history.parent!.append(firstEnd!) } } : {}),
      reason,
      final: hypothesis.score / this.#newTokens(hypothesis) ** lengthPenalty,
      fits: this.#rules.fits?.(hypothesis) ?? true,
    };
  }

  #newTokens({ row }: Hypothesis): number {
    return row.history.length - this.#run.startLengths[this.prompt]!;
  }

  get #greatestLength(): number {
    return this.#run.maxLength(this.prompt) - this.#run.startLengths[this.prompt]!;
  }
}

function betterFirst(a: Finished, b: Finished): number {
  return Number(b.fits) - Number(a.fits) || b.final - a.final;
}

/** The live hypotheses of all beams, in the order of their rows. */
export function liveOf(beams: readonly Beam[]): Hypothesis[] {
  return beams.flatMap(({ live }) => live);
}

/** Where each hypothesis stands in the scores. */
export function originsOf(live: readonly Hypothesis[]): Map<Hypothesis, number> {
  return new Map(live.map((hypothesis, row) => [hypothesis, row]));
}

/** Bring the rows of the cache to the live hypotheses. */
export function arrange(cache: KVCache, beams: readonly Beam[]): void {
  const order = liveOf(beams).map(({ origin }) => origin);
  if (order.length !== cache.rows || order.some((origin, row) => origin !== row)) cache.gather(order);
}

/** Advance; undefined when the call was interrupted, so that the search can settle for what it has. */
export async function advanceUnlessInterrupted(run: Run, live: readonly Hypothesis[]): Promise<Scores | undefined> {
  try {
    return await run.advance(live.map(({ row }) => row));
  } catch (error) {
    if (error instanceof InterruptedError) return undefined;
    throw error;
  }
}

/** The best finished hypotheses of a prompt as its sequences. */
export function settled(run: Run, beams: readonly Beam[]): Settled[] {
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
        finish: hypothesis.reason,
        ...(hypothesis.parent === undefined ? {} : { score: hypothesis.final }),
        tokens: detailsOf(hypothesis),
      })),
  );
}

/** A step event for each beam that took part in a step, when they are wanted. */
export function stepEvents(run: Run, strategy: string, beams: readonly Beam[]): StreamEvent[] {
  if (!run.options.steps) return [];
  return beams.map((beam) => ({ type: 'step', promptIndex: beam.prompt, strategy, detail: beam.lastStep() }));
}

/** @throws ParameterError when more sequences are wanted than there are beams. */
export function checkSequences(strategy: string, run: Run, beams: number): void {
  checkInteger(strategy, 'sequences', run.options.numReturnSequences, 1, beams);
}

export function detailsOf(hypothesis: Hypothesis): TokenDetails[] {
  const details: TokenDetails[] = [];
  for (let node: Hypothesis | undefined = hypothesis; node?.parent !== undefined; node = node.parent)
    details.unshift(node.details ?? {});
  return details;
}
