import { type Finish, type History, ParameterError, type Strategy } from '@tokenwright/core';
import { checkInteger, checkOptionNames } from '@tokenwright/core/options';
import { type Scores, topTokens } from '@tokenwright/core/sampling';
import type { Run } from '@tokenwright/core/strategy';
import { type BeamCompatibility, beamOptionNames } from './beam-search.ts';
import {
  advanceUnlessInterrupted,
  arrange,
  Beam,
  type BeamOptions,
  beamSettings,
  checkSequences,
  type Hypothesis,
  liveOf,
  oneOf,
  originsOf,
  settled,
  stepEvents,
} from './beams.ts';
import { type Constraint, ConstraintProgress } from './constraints.ts';
import { additions, type Continuation, candidateCount, expand, grow, shape } from './continuations.ts';

export interface ConstrainedBeamSearchOptions extends BeamOptions {
  /** What every sequence must contain after the prompt. No phrase of an `anyOf` may begin with another. */
  readonly constraints: readonly Constraint[];
  /**
   * Consider the best continuation of a hypothesis that has met everything even when it is not among the best of all, so that it is not
   * lost again, and put sequences that have met everything before others. `false` does neither, as Hugging Face. Default true.
   */
  readonly keepComplete?: boolean;
  /** As in `BeamSearchOptions`; Hugging Face has constrained beam search as it was in 4.47. Default `'transformers-5'`. */
  readonly compatibility?: BeamCompatibility;
}

/**
 * Beam search for sequences that contain given phrases (after Post and Vilar 2018, arXiv:1804.06609, as Hugging Face does it). Besides the
 * best continuations, each step considers those that come closer to meeting a constraint. Hypotheses are put into banks by how much
 * they have met, and the beams are filled with the best of each bank, then the second of each, the fullest bank first. An end token
 * only finishes a hypothesis that has met everything. When too few have done so at the greatest length, the best of the others
 * are returned after them.
 *
 * Only new tokens count, not the prompt's.
 */
export function constrainedBeamSearch(options: ConstrainedBeamSearchOptions): Strategy {
  const name = 'constrained-beam-search';
  checkOptionNames('constrainedBeamSearch', options, [
    ...beamOptionNames,
    'compatibility',
    'constraints',
    'keepComplete',
  ]);
  const constraints = checkedConstraints(options.constraints);
  const { keepComplete = true } = options;
  oneOf('constrainedBeamSearch', 'keepComplete', keepComplete, [true, false]);
  const settings = beamSettings('constrainedBeamSearch', options);
  const { numBeams: width, domain } = settings;
  return {
    name,
    parameters: { ...settings, constraints: constraints as never, keepComplete },
    async *decode(run) {
      checkSequences(name, run, width);
      checkVocabulary(constraints, run.model.vocabSize);
      const progress = progressOf(run, constraints);
      let forced: readonly Hypothesis[] = [];
      const beams = (await run.start(1)).map(
        (row, origin) =>
          new Beam(run, settings, row, origin, {
            // The end token itself meets nothing.
            mayEnd: (hypothesis) => progress(hypothesis.parent!).complete,
            fits: (hypothesis) => !keepComplete || progress(hypothesis).complete,
            select: (going) => byBanks(going.slice(0, width), forced, width, progress),
            closing: (live, finished) => {
              const complete = live.filter((hypothesis) => progress(hypothesis).complete);
              return complete.length + finished.length < run.options.numReturnSequences ? live : complete;
            },
          }),
      );
      const count = candidateCount(run, width);
      while (beams.some(({ done }) => !done) && run.interrupted === undefined) {
        const scores = await advanceUnlessInterrupted(run, liveOf(beams));
        if (scores === undefined) break;
        shape(run, scores, domain);
        const origins = originsOf(liveOf(beams));
        const active = beams.filter(({ done }) => !done);
        for (const beam of active) {
          const candidates = await expand(run, scores, beam, origins, domain, { count });
          const grown = await grow(
            run,
            scores,
            origins,
            await advancing(scores, beam, origins, domain, (parent, logits) => {
              const state = progress(parent);
              if (!state.complete) return state.advancing;
              return keepComplete ? [bestGoingOn(logits, run.options.eosTokenIds)] : [];
            }),
          );
          forced = grown.filter(({ row }) => mayContinue(run.finishOf(row)));
          beam.take(candidates);
        }
        yield* stepEvents(run, name, active);
        arrange(run.cache, beams);
      }
      yield* run.settle(settled(run, beams));
    },
  };
}

/** A forced token is tried although it ends its line by an end token, which a phrase may hold, or by the length, which all reach together. */
function mayContinue(finish: Finish | undefined): boolean {
  return finish === undefined || finish.finishReason === 'length' || typeof finish.stopReason === 'number';
}

type Progress = (hypothesis: Hypothesis) => ConstraintProgress;

/** Continuations of a beam's hypotheses by given tokens. */
async function advancing(
  scores: Scores,
  beam: Beam,
  origins: ReadonlyMap<Hypothesis, number>,
  domain: 'logits' | 'log-probabilities',
  tokens: (parent: Hypothesis, logits: Float32Array) => readonly number[],
): Promise<Continuation[]> {
  const continuations: Continuation[] = [];
  for (const parent of beam.live) {
    const { logits, normalizer } = await additions(scores, origins.get(parent)!, domain);
    for (const id of tokens(parent, logits)) {
      const score = parent.score + logits[id]! - normalizer;
      if (score > -Infinity) continuations.push({ parent, id, score, key: score });
    }
  }
  return continuations;
}

/** The most probable token that does not end the sequence. */
function bestGoingOn(logits: Float32Array, eosTokenIds: readonly number[]): number {
  return topTokens(logits, 1 + eosTokenIds.length).find((id) => !eosTokenIds.includes(id)) ?? 0;
}

/** The best of each bank, fullest bank first; then the second of each; and so on. */
function byBanks(
  going: readonly Hypothesis[],
  forced: readonly Hypothesis[],
  width: number,
  progress: Progress,
): Hypothesis[] {
  const known = new Set(going.map(lineOf));
  const added = forced.filter((hypothesis) => !known.has(lineOf(hypothesis)));
  if (added.length === 0) return [...going];
  const banks = new Map<number, Hypothesis[]>();
  for (const hypothesis of [...going, ...added]) {
    const { bank } = progress(hypothesis);
    banks.set(bank, [...(banks.get(bank) ?? []), hypothesis]);
  }
  const ranked = [...banks].sort(([a], [b]) => b - a).map(([, bank]) => bank.sort((a, b) => b.score - a.score));
  const turns = Math.max(...ranked.map(({ length }) => length));
  return Array.from({ length: turns }, (_, turn) => ranked.flatMap((bank) => bank.slice(turn, turn + 1)))
    .flat()
    .slice(0, width);
}

/** Names a line of tokens among those of one step. */
function lineOf({ origin, row }: Hypothesis): string {
  return `${origin} ${row.history.at(-1)}`;
}

/** The progress of each hypothesis, computed once a node of its history. */
function progressOf(run: Run, constraints: readonly Constraint[]): Progress {
  const none = ConstraintProgress.start(constraints);
  const known = new WeakMap<History, ConstraintProgress>();
  const at = (history: History, start: number): ConstraintProgress => {
    if (history.length <= start || history.parent === undefined) return none;
    let progress = known.get(history);
    if (progress === undefined) {
      progress = at(history.parent, start).append(history.at(-1)!);
      known.set(history, progress);
    }
    return progress;
  };
  return ({ row }) => at(row.history, run.startLengths[row.promptIndex]!);
}

function checkVocabulary(constraints: readonly Constraint[], vocabSize: number): void {
  for (const constraint of constraints)
    for (const id of phrasesOf(constraint).flat())
      checkInteger('constrainedBeamSearch', 'constraints', id, 0, vocabSize - 1);
}

function phrasesOf(constraint: Constraint): readonly (readonly number[])[] {
  return 'phrase' in constraint ? [constraint.phrase] : constraint.anyOf;
}

function checkedConstraints(constraints: readonly Constraint[]): readonly Constraint[] {
  const fail = (received: unknown): never => {
    throw new ParameterError(
      'constrainedBeamSearch',
      'constraints',
      'a list of { phrase: ids } and { anyOf: [ids, …] }, none of them empty and no phrase of an anyOf the beginning of another',
      received,
    );
  };
  if (!Array.isArray(constraints) || constraints.length === 0) fail(constraints);
  for (const constraint of constraints) {
    const phrases = phrasesOf(constraint);
    if (!(phrases?.length > 0) || phrases.some((phrase) => !(phrase?.length > 0))) fail(constraint);
    for (const phrase of phrases) for (const id of phrase) checkInteger('constrainedBeamSearch', 'constraints', id, 0);
    for (const [i, phrase] of phrases.entries())
      if (phrases.some((other, j) => i !== j && phrase.every((id, at) => other[at] === id))) fail(constraint);
  }
  return constraints;
}
