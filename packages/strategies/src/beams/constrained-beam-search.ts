import type { Finish, History, Strategy } from '@tokenwright/core';
import { checkInteger, type OptionsOf } from '@tokenwright/core/options';
import { camelCase, topTokens } from '@tokenwright/core/sampling';
import { defineStrategy, type Run } from '@tokenwright/core/strategy';
import { Beam } from './beam.ts';
import { type BeamSettings, beamOptions, ownRules } from './beam-options.ts';
import { ConstraintProgress } from './constraint-progress.ts';
import { type Constraint, constraintsOption, phrasesOf } from './constraints.ts';
import { additions, type Continuation, candidateCount, expand, grow } from './continuations.ts';
import type { Hypothesis } from './hypothesis.ts';
import { checkSequences, type SearchStep, search } from './search.ts';

export const constrainedBeamSearchOptions = {
  ...beamOptions,
  /**
   * What every sequence must contain after the prompt: `{ phrase: ids }`, or `{ anyOf: [ids, ...] }`. No phrase of an `anyOf` may
   * begin with another one.
   */
  constraints: constraintsOption,
};

export type ConstrainedBeamSearchOptions = OptionsOf<typeof constrainedBeamSearchOptions>;

/**
 * Beam search for sequences that contain given phrases. Besides the best continuations, each step considers those that come closer to
 * meeting a constraint. Hypotheses are put into banks by how much of the constraints they have met, and the beams are filled with the
 * best of each bank, then the second best of each, starting with the fullest bank. An end token finishes only a hypothesis that has met
 * all constraints. When too few have done so at the maximum length, the best of the others are returned after them.
 *
 * Only new tokens count, not those of the prompt. The best continuation of a hypothesis that has met everything is always considered,
 * so that the hypothesis is not lost again.
 *
 * @see Post and Vilar 2018, arXiv:1804.06609, in the form of Hugging Face Transformers
 * @throws ParameterError for a token outside the vocabulary, or when `numReturnSequences` is larger than `numBeams`.
 * @example
 * ```ts
 * const [phrase] = [tokenizer.encode(' red ball')];
 * await generateText(model, tokenizer, 'Lily found', {
 *   strategy: constrainedBeamSearch({ numBeams: 4, constraints: [{ phrase }] }),
 * });
 * ```
 */
export const constrainedBeamSearch = defineStrategy({
  name: 'constrained-beam-search',
  summary: 'Beam search for sequences that contain given phrases',
  source: 'Post and Vilar 2018, arXiv:1804.06609',
  options: constrainedBeamSearchOptions,
  create: (values) => ({
    comparesTokens: 'by-rank',
    decode: searchConstrained('constrained-beam-search', { ...values, ...ownRules, keepComplete: true }),
  }),
});

/** Settings of a constrained beam search. */
export interface ConstrainedSettings extends BeamSettings {
  readonly constraints: readonly Constraint[];
  /**
   * Consider the best continuation of a hypothesis that has met everything even when it is not among the best of all, and rank
   * sequences that have met everything before others.
   */
  readonly keepComplete: boolean;
}

/** Constrained beam search under given rules. */
export function searchConstrained(name: string, settings: ConstrainedSettings): Strategy['decode'] {
  const { numBeams, domain, constraints, keepComplete } = settings;
  return async function* decode(run) {
    checkSequences(name, run, numBeams);
    checkVocabulary(name, constraints, run.model.vocabSize);
    const progress = progressOf(run, constraints);
    const { eosTokenIds, numReturnSequences } = run.options;
    let forced: readonly Hypothesis[] = [];
    const beams = (await run.start(1)).map(
      (row, origin) =>
        new Beam(run, settings, row, origin, {
          // The end token itself meets no constraint.
          mayEnd: (hypothesis) => progress(hypothesis.parent!).complete,
          fits: (hypothesis) => !keepComplete || progress(hypothesis).complete,
          select: (open) => byBanks(open.slice(0, numBeams), forced, numBeams, progress),
          closing: (live, finished) => {
            const complete = live.filter((hypothesis) => progress(hypothesis).complete);
            return complete.length + finished.length < numReturnSequences ? live : complete;
          },
        }),
    );
    const count = candidateCount(run, numBeams);
    yield* search(run, name, beams, domain, async (step) => {
      for (const beam of beams) {
        if (beam.done) continue;
        const candidates = await expand(run, step, beam, domain, { count });
        const advanced = await advancing(step, beam, domain, (parent, logits) => {
          const state = progress(parent);
          if (!state.complete) return state.advancing;
          return keepComplete ? bestOpen(logits, eosTokenIds) : [];
        });
        forced = (await grow(run, step, advanced)).filter(({ row }) => mayContinue(run.finishOf(row)));
        beam.take(candidates);
      }
    });
  };
}

/**
 * Whether a forced token is considered although it ends the hypothesis: phrases may contain end tokens, and all hypotheses reach the
 * maximum length in the same step.
 */
function mayContinue(finish: Finish | undefined): boolean {
  return finish === undefined || finish.finishReason === 'length' || typeof finish.stopReason === 'number';
}

type Progress = (hypothesis: Hypothesis) => ConstraintProgress;

/** Continuations of a beam's hypotheses by given tokens. */
async function advancing(
  { scores, origins }: SearchStep,
  beam: Beam,
  domain: BeamSettings['domain'],
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

/** The most probable token that does not end the sequence; none where only end tokens are left. */
function bestOpen(logits: Float32Array, eosTokenIds: readonly number[]): number[] {
  const best = topTokens(logits, 1 + eosTokenIds.length).find((id) => !eosTokenIds.includes(id));
  return best === undefined ? [] : [best];
}

/** The best of each bank, fullest bank first; then the second best of each; and so on. */
function byBanks(
  open: readonly Hypothesis[],
  forced: readonly Hypothesis[],
  numBeams: number,
  progress: Progress,
): Hypothesis[] {
  const known = new Set(open.map(keyOf));
  const added = forced.filter((hypothesis) => !known.has(keyOf(hypothesis)));
  if (added.length === 0) return [...open];
  const banks = new Map<number, Hypothesis[]>();
  for (const hypothesis of [...open, ...added]) {
    const { bank } = progress(hypothesis);
    banks.set(bank, [...(banks.get(bank) ?? []), hypothesis]);
  }
  const ranked = [...banks].sort(([a], [b]) => b - a).map(([, bank]) => bank.sort((a, b) => b.score - a.score));
  const turns = Math.max(...ranked.map(({ length }) => length));
  return Array.from({ length: turns }, (_, turn) => ranked.flatMap((bank) => bank.slice(turn, turn + 1)))
    .flat()
    .slice(0, numBeams);
}

/** Identifies a hypothesis among those of one step. */
function keyOf({ origin, row }: Hypothesis): string {
  return `${origin} ${row.history.at(-1)}`;
}

/** The progress of each hypothesis, computed once per node of its history. */
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

function checkVocabulary(name: string, constraints: readonly Constraint[], vocabSize: number): void {
  for (const constraint of constraints)
    for (const id of phrasesOf(constraint).flat()) checkInteger(camelCase(name), 'constraints', id, 0, vocabSize - 1);
}
