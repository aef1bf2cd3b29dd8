import type { LanguageModel, Strategy } from '@tokenwright/core';
import { windowStart } from '@tokenwright/core/model';
import { checkInteger, checkNumber, checkOptionNames } from '@tokenwright/core/options';
import { type HostRow, probabilities, type Scores, sampleToken } from '@tokenwright/core/sampling';
import type { ChosenToken, Row, Run } from '@tokenwright/core/strategy';
import { oneOf } from '../beams/beams.ts';
import { drawFrom, refuse, shapedScores } from '../shared/host-chain.ts';
import { draftModel } from './draft-model.ts';
import type { Draft, Drafter } from './drafter.ts';

export interface SpeculativeOptions {
  /** What guesses: a smaller model of the same vocabulary, `promptLookup()`, `earlyExit({ layer })`, or one of your own. */
  readonly draft: LanguageModel | Drafter;
  /** How many tokens are guessed at once, at least 1; where a schedule begins. Default 5. */
  readonly length?: number;
  /**
   * `'constant'`, or `'heuristic'`: 2 more after a round whose guesses were all accepted, else 1 less, as in Hugging Face; a round
   * without guesses changes nothing. Default 'constant'.
   */
  readonly schedule?: 'constant' | 'heuristic';
  /** Stop guessing after a token to which the draft gives a smaller probability, from 0 to 1. Default 0 = off. */
  readonly confidence?: number;
  /**
   * How a guess x is judged. `'rejection'`: accept with probability p(x) / q(x), where q is what the draft drew from, and else draw from
   * max(p - q, 0): keeps the distribution. `'match'`: draw from p as plain sampling does, and accept while that is the guess:
   * keeps the tokens of plain sampling for a seed, and accepts a little less often. Default 'rejection'.
   */
  readonly accept?: 'rejection' | 'match';
}

/**
 * Speculative decoding (Leviathan et al. 2023, arXiv:2211.17192; Chen et al. 2023, arXiv:2302.01318): a draft guesses some tokens, and
 * the model judges all of them in one forward pass, which also gives the token after the last that is accepted. The result is
 * distributed as without it, under any sampler chain: p is what the whole chain makes of the model's logits at each position, memory
 * included, evaluated along the accepted tokens. With `greedy()` at the end of the chain it is greedy decoding.
 *
 * The end event counts `draftedTokens` and `acceptedTokens`. With the option `steps`, each round tells `{ drafted: ids, accepted }`.
 */
export function speculative(options: SpeculativeOptions): Strategy {
  const name = 'speculative';
  checkOptionNames('speculative', options, ['draft', 'length', 'schedule', 'confidence', 'accept']);
  const { draft, length: first = 5, schedule = 'constant', confidence = 0, accept = 'rejection' } = options;
  checkInteger('speculative', 'length', first, 1);
  oneOf('speculative', 'schedule', schedule, ['constant', 'heuristic']);
  checkNumber('speculative', 'confidence', confidence, 'a number from 0 to 1', (value) => value >= 0 && value <= 1);
  oneOf('speculative', 'accept', accept, ['rejection', 'match']);
  const drafter = 'open' in draft ? draft : draftModel(draft);
  const judge = accept === 'match' ? draw : accepted;
  return {
    name,
    supportsControl: true,
    parameters: {
      draft: { name: drafter.name, ...(drafter.parameters === undefined ? {} : { parameters: drafter.parameters }) },
      length: first,
      schedule,
      confidence,
      accept,
    },
    async *decode(run) {
      let rows = await run.start();
      let lengths = rows.map(() => first);
      const drafting = drafter.open(run, rows, { confidence, sameDraws: accept === 'match' });
      try {
        while (rows.length > 0) {
          const drafts = await drafting.propose(
            rows,
            // What the reader asked of the next token is no draft's to guess.
            rows.map((row, i) =>
              run.contextOf(row).control === undefined ? Math.min(lengths[i]!, room(run, row, rows.length)) : 0,
            ),
          );
          const scored = 1 + Math.max(...drafts.map(({ length }) => length));
          const scores = await run.advance(
            rows.map((row, i) => withDrafts(row, drafts[i]!)),
            { scored },
          );
          scores.apply(run.samplers);
          const chosen = await verify(run, rows, drafts, scores, judge);
          for (const [i, row] of rows.entries()) {
            const good = chosen[i]!.filter(({ guessed }) => guessed).length;
            const drafted = drafts[i]!.length;
            run.tally(row, drafted);
            if (schedule === 'heuristic' && drafted > 0)
              lengths[i] = good === drafted ? lengths[i]! + 2 : Math.max(1, lengths[i]! - 1);
            if (run.options.steps)
              yield {
                type: 'step',
                promptIndex: row.promptIndex,
                strategy: name,
                detail: { drafted: drafts[i]!.map(({ id }) => id), accepted: good },
              };
          }
          const before = rows;
          rows = yield* run.accept(rows, chosen);
          const kept = rows.map((row) =>
            before.findIndex(
              ({ promptIndex, sequence }) => promptIndex === row.promptIndex && sequence === row.sequence,
            ),
          );
          lengths = kept.map((row) => lengths[row]!);
          drafting.gather(kept);
        }
      } finally {
        drafting.dispose();
      }
    },
  };
}

/** Choose the token at a position whose guess is `draft`; undefined after the last guess. */
type Judge = (row: HostRow, draft: Draft | undefined, raw: Float32Array, run: Run) => number;

/** Judge the guesses of each row: the accepted ones, and the token after them. */
async function verify(
  run: Run,
  rows: readonly Row[],
  drafts: readonly (readonly Draft[])[],
  scores: Scores,
  judge: Judge,
): Promise<ChosenToken[][]> {
  let end = 0;
  const ends = scores.result.scored.filter((count) => count > 0).map((count) => (end += count));
  const chosen: ChosenToken[][] = [];
  for (const [i, row] of rows.entries()) {
    const tokens: ChosenToken[] = [];
    let { history } = row;
    for (let at = 0; at <= drafts[i]!.length; at++) {
      const index = ends[i]! - 1 - drafts[i]!.length + at;
      // The accepted tokens, not the guesses, stand before it: what stages remember follows them.
      const context = { ...scores.contexts[index]!, history };
      const { row: shaped, raw } = await shapedScores(scores, index, context, run.samplers);
      const id = judge(shaped, drafts[i]![at], raw, run);
      history = shaped.extend(id);
      const guessed = id === drafts[i]![at]?.id;
      tokens.push({ history, details: await run.describe(scores, index, id, shaped.context.history), guessed });
      if (!guessed || run.options.eosTokenIds.includes(id)) break;
    }
    chosen.push(tokens);
  }
  return chosen;
}

/** Draw as plain sampling does. */
function draw(row: HostRow, _: Draft | undefined, raw: Float32Array, { samplers }: Run): number {
  const { random, sequence, history } = row.context;
  return drawFrom(row, random.uniform(sequence, history.length, 'draw'), raw, samplers);
}

/** Accept with probability p / q, else draw from max(p - q, 0). */
function accepted(row: HostRow, draft: Draft | undefined, raw: Float32Array, run: Run): number {
  if (draft === undefined) return draw(row, draft, raw, run);
  if (!row.sampleable) refuse(row, raw, run.samplers);
  const { random, sequence, history } = row.context;
  const uniform = (stage: 'accept' | 'residual'): number => random.uniform(sequence, history.length, stage);
  const p = probabilities(row.logits, row.candidates);
  const q = (id: number): number => draft.probabilities?.[id] ?? (id === draft.id ? 1 : 0);
  if (uniform('accept') * q(draft.id) < p[draft.id]!) return draft.id;
  const residual = Float32Array.from(p, (probability, id) => Math.log(Math.max(0, probability - q(id))));
  const id = sampleToken(residual, uniform('residual'));
  return id >= 0 ? id : drawFrom(row, uniform('residual'), raw, run.samplers);
}

/** How many guesses may follow a row: one token must fit after them, and the window of a full context must not move. */
function room(run: Run, { promptIndex, history }: Row, rows: number): number {
  const { contextLength, maxTokens } = run.model;
  const left = run.maxLength(promptIndex) - history.length;
  const still = windowStart(history.length, contextLength) + contextLength - history.length;
  return Math.max(0, Math.min(left - 1, still, Math.floor(maxTokens / rows) - 1));
}

function withDrafts(row: Row, drafts: readonly Draft[]): Row {
  return { ...row, history: drafts.reduce((history, { id }) => history.append(id), row.history) };
}
