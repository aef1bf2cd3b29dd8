import type { Finish, Json } from '@tokenwright/core';
import type { Row, Run } from '@tokenwright/core/strategy';
import type { BeamSettings } from './beam-options.ts';
import type { Finished, Hypothesis } from './hypothesis.ts';

/** Where the kinds of beam search differ. */
export interface BeamRules {
  /** Whether a hypothesis that a stop condition ends counts as finished. Default: always. */
  mayEnd?(hypothesis: Hypothesis): boolean;
  /** The hypotheses to continue, chosen from the open ones, best first. Default: the first `numBeams`. */
  select?(open: readonly Hypothesis[]): readonly Hypothesis[];
  /** Which of the hypotheses that reach the maximum length together are kept. Default: all. */
  closing?(live: readonly Hypothesis[], finished: readonly Finished[]): readonly Hypothesis[];
  /** Whether a finished hypothesis is what the caller asked for. Others rank after those that are. Default: always. */
  fits?(hypothesis: Hypothesis): boolean;
}

/** The beam of one prompt, or of one group of a prompt's hypotheses. */
export class Beam {
  readonly prompt: number;
  live: readonly Hypothesis[];
  /** Best first; at most `numBeams`. */
  finished: readonly Finished[] = [];
  readonly #run: Run;
  readonly #settings: BeamSettings;
  readonly #rules: BeamRules;
  readonly #firstBeamIndex: number;
  /** State before the last step. */
  #before: { readonly live: readonly Hypothesis[]; readonly finished: readonly Finished[] };

  /**
   * @param start the prompt.
   * @param origin its row in the cache.
   */
  constructor(
    run: Run,
    settings: BeamSettings,
    start: Row,
    origin: number,
    rules: BeamRules = {},
    firstBeamIndex: number = 0,
  ) {
    this.prompt = start.promptIndex;
    this.live = [{ row: { ...start, sequence: 0, beamIndex: firstBeamIndex }, score: 0, origin }];
    this.#run = run;
    this.#settings = settings;
    this.#rules = rules;
    this.#firstBeamIndex = firstBeamIndex;
    this.#before = this;
  }

  get done(): boolean {
    return this.live.length === 0;
  }

  /**
   * Split continuations, best first, into live and finished hypotheses, and decide whether the prompt is done. Returns the
   * selected hypotheses even when the prompt is done.
   */
  take(candidates: readonly Hypothesis[]): readonly Hypothesis[] {
    const { numBeams, release, earlyStopping, lengthPenalty } = this.#settings;
    this.#before = { live: this.live, finished: this.finished };
    const older = release === '4.47';
    // Hypotheses that reach the maximum length are selected once more, and then closed together.
    const closes = older || this.#rules.select !== undefined;
    const open: Hypothesis[] = [];
    const ended: Finished[] = [];
    const dropped: Finished[] = [];
    let last: Finish | undefined;
    for (const [rank, candidate] of candidates.entries()) {
      const finish = this.#run.finishOf(candidate.row);
      const together = finish?.finishReason === 'length';
      if (together) last = finish;
      if (finish === undefined || (closes && together)) open.push(candidate);
      else {
        const counts = rank < numBeams && this.#rules.mayEnd?.(candidate) !== false;
        (counts ? ended : dropped).push(this.#finish(candidate, finish));
      }
    }
    open.sort((a, b) => b.score - a.score);
    const chosen = (this.#rules.select?.(open) ?? open.slice(0, numBeams)).map((hypothesis, rank) => ({
      ...hypothesis,
      row: { ...hypothesis.row, beamIndex: this.#firstBeamIndex + rank },
    }));
    this.live = chosen;
    // When every hypothesis ends here, the best of the dropped ones are better than no result.
    const none = chosen.length + ended.length + this.finished.length === 0;
    this.#keep(none ? dropped : ended);

    const best = older ? candidates[0] : chosen[0];
    if (best === undefined) return chosen;
    const length = earlyStopping === 'never' && lengthPenalty > 0 ? this.#maxNewTokens : this.#newTokens(best);
    const worst = this.finished[numBeams - 1]?.final;
    if (worst !== undefined && (earlyStopping === true || worst >= best.score / length ** lengthPenalty))
      this.live = [];
    else if (closes) {
      // A forced token at the maximum length is not among the candidates.
      for (const { row } of chosen) last ??= this.#full(row);
      if (last !== undefined) this.close(last);
    }
    return chosen;
  }

  /** End the search: live hypotheses count as finished. */
  close(finish: Finish): void {
    const live = this.#rules.closing?.(this.live, this.finished) ?? this.live;
    this.live = [];
    this.#keep(live.map((hypothesis) => this.#finish(hypothesis, finish)));
  }

  /** What happened to each hypothesis in the last step, for `StepEvent.detail`. */
  lastStep(): Json {
    const { live: before, finished: finishedBefore } = this.#before;
    const parents = new Set([...this.live, ...this.finished].map(({ parent }) => parent));
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
          finishReason: hypothesis.finish.finishReason,
        })),
      died: before.filter((hypothesis) => !parents.has(hypothesis)).map(shown),
    };
  }

  #keep(ended: readonly Finished[]): void {
    this.finished = [...this.finished, ...ended].sort(betterFirst).slice(0, this.#settings.numBeams);
  }

  #finish(hypothesis: Hypothesis, finish: Finish): Finished {
    const { lengthPenalty, release } = this.#settings;
    const { row } = hypothesis;
    const [firstEnd] = this.#run.options.eosTokenIds;
    const renamed = typeof finish.stopReason === 'number' && release === '4.47' && row.history.at(-1) !== firstEnd;
    return {
      ...hypothesis,
      ...(renamed ? { row: { ...row, history: row.history.parent!.append(firstEnd!) } } : {}),
      finish: renamed ? { ...finish, stopReason: firstEnd } : finish,
      final: hypothesis.score / this.#newTokens(hypothesis) ** lengthPenalty,
      fits: this.#rules.fits?.(hypothesis) ?? true,
    };
  }

  #newTokens({ row }: Hypothesis): number {
    return row.history.length - this.#run.startLengths[this.prompt]!;
  }

  /** How a sequence ends because no token may follow. */
  #full({ history }: Row): Finish | undefined {
    const { model, options } = this.#run;
    if (history.length >= this.#run.maxLength(this.prompt)) return { finishReason: 'length' };
    if (options.onContextFull === 'stop' && history.length > model.contextLength)
      return { finishReason: 'length', stopReason: 'context' };
    return undefined;
  }

  get #maxNewTokens(): number {
    return this.#run.maxLength(this.prompt) - this.#run.startLengths[this.prompt]!;
  }
}

/** Sort order of finished hypotheses. */
export function betterFirst(a: Finished, b: Finished): number {
  return Number(b.fits) - Number(a.fits) || b.final - a.final;
}
