import { type LanguageModel, ParameterError } from '@tokenwright/core';
import { windowStart } from '@tokenwright/core/model';
import {
  choiceOption,
  customOption,
  integerOption,
  numberOption,
  type OptionsOf,
  optional,
} from '@tokenwright/core/options';
import { type HostRow, probabilities, type Scores, sampleToken } from '@tokenwright/core/sampling';
import { type ChosenToken, defineStrategy, type Row, type Run } from '@tokenwright/core/strategy';
import { refuse, sampleFrom, shapedScores } from '../shared/host-chain.ts';
import { draftModel, isLanguageModel } from './draft-model.ts';
import type { Draft, Drafter } from './drafter.ts';

/** Tokens per round when neither the caller nor the drafter says otherwise. */
const defaultNumAssistantTokens = 5;

const options = {
  /** What drafts: a smaller model with the same vocabulary, `promptLookup()`, `earlyExit({ layer })`, or a drafter of your own. */
  draft: customOption<LanguageModel | Drafter>({
    kind: 'code',
    help: 'A smaller model with the same vocabulary, or a drafter: promptLookup(), earlyExit({ layer })',
    toJson: (draft) => {
      const { name, parameters = {} } = asDrafter(draft);
      return { name, parameters };
    },
    check(owner, name, value) {
      if (!isDrafter(value) && !isLanguageModel(value))
        throw new ParameterError(owner, name, 'a language model or a drafter', value);
      return value;
    },
  }),
  /**
   * Tokens that are drafted per round, an integer of at least 1; the initial number with a schedule. Default 5, or the
   * `promptLookupNumTokens` of a prompt lookup.
   */
  numAssistantTokens: optional(
    integerOption({
      min: 1,
      suggested: defaultNumAssistantTokens,
      help: 'Tokens that are drafted per round; default 5',
    }),
  ),
  /**
   * `'constant'`, or `'heuristic'`: 2 more after a round whose tokens were all accepted, otherwise 1 less, starting from
   * `numAssistantTokens` in each call (the `heuristic_transient` of Hugging Face). A round without a draft changes nothing.
   * Default `'constant'`.
   */
  numAssistantTokensSchedule: choiceOption(['constant', 'heuristic'], {
    default: 'constant',
    help: 'heuristic: 2 tokens more after a round that was fully accepted, otherwise 1 less',
  }),
  /** Stop drafting after a token with a smaller probability under the draft, from 0 to 1. 0 is off. Default 0. */
  assistantConfidenceThreshold: numberOption({
    min: 0,
    max: 1,
    default: 0,
    off: 0,
    suggested: 0.4,
    help: 'Stop drafting after a token with a smaller probability under the draft',
  }),
  /**
   * How a drafted token x is verified. `'rejection'`: accept it with probability p(x) / q(x), where q is the distribution of the
   * draft, and otherwise sample from max(p - q, 0). This keeps the distribution. `'match'`: sample from p as plain sampling does, and
   * accept while the sample equals the draft. This keeps the tokens of plain sampling for a seed, and accepts slightly less often.
   * Default `'rejection'`.
   */
  accept: choiceOption(['rejection', 'match'], {
    default: 'rejection',
    help: 'rejection keeps the distribution; match keeps the tokens of plain sampling for the seed',
  }),
};

export type SpeculativeOptions = OptionsOf<typeof options>;

/**
 * Speculative decoding: a draft proposes several tokens, and the model verifies all of them in one forward pass, which also gives the
 * token after the last accepted one. The result has the distribution of plain sampling under any sampler chain: p is what the whole
 * chain makes of the model's logits at each position, sampler state included, along the accepted tokens. With `greedy()` at the end of
 * the chain, the result equals greedy decoding. A call without samplers has the default chain, which is greedy unless the
 * checkpoint says otherwise.
 *
 * The end event counts `draftedTokens` and `acceptedTokens`. With the option `steps`, each round reports `{ drafted: ids, accepted }`.
 *
 * @see Leviathan et al. 2023, "Fast Inference from Transformers via Speculative Decoding", arXiv:2211.17192
 * @see Chen et al. 2023, arXiv:2302.01318
 * @example
 * ```ts
 * await generateText(model, tokenizer, 'Once upon a time', { strategy: speculative({ draft: smallModel }) });
 * await generateText(model, tokenizer, 'Once upon a time', { strategy: speculative({ draft: promptLookup() }) });
 * ```
 */
export const speculative = defineStrategy({
  name: 'speculative',
  summary: 'A draft proposes several tokens, and the model verifies them in one forward pass',
  source: 'Leviathan et al. 2023, arXiv:2211.17192; Chen et al. 2023, arXiv:2302.01318',
  options,
  create({ draft, numAssistantTokens, numAssistantTokensSchedule, assistantConfidenceThreshold, accept }) {
    const drafter = asDrafter(draft);
    const asked = drafter.numAssistantTokens;
    if (numAssistantTokens !== undefined && asked !== undefined && numAssistantTokens !== asked)
      throw new ParameterError(
        'speculative',
        'numAssistantTokens',
        `left out, because the drafter '${drafter.name}' asks for ${asked} tokens`,
        numAssistantTokens,
      );
    const first = numAssistantTokens ?? asked ?? defaultNumAssistantTokens;
    const judge = accept === 'match' ? sample : accepted;
    return {
      supportsControl: true,
      async *decode(run) {
        let rows = await run.start();
        let lengths = rows.map(() => first);
        const drafting = drafter.open(run, rows, {
          confidenceThreshold: assistantConfidenceThreshold,
          sharesRandomNumbers: accept === 'match',
        });
        try {
          while (rows.length > 0) {
            const drafts = await drafting.propose(
              rows,
              // A token that the reader controls is not drafted.
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
              if (numAssistantTokensSchedule === 'heuristic' && drafted > 0)
                lengths[i] = good === drafted ? lengths[i]! + 2 : Math.max(1, lengths[i]! - 1);
              if (run.options.steps)
                yield {
                  type: 'step',
                  promptIndex: row.promptIndex,
                  strategy: 'speculative',
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
  },
});

function isDrafter(value: unknown): value is Drafter {
  if (typeof value !== 'object' || value === null) return false;
  const { name, open } = value as Partial<Drafter>;
  return typeof name === 'string' && typeof open === 'function';
}

function asDrafter(draft: LanguageModel | Drafter): Drafter {
  return isDrafter(draft) ? draft : draftModel({ model: draft });
}

/** Chooses the token at a position. `draft`: the drafted token; undefined after the last one. */
type Judge = (row: HostRow, draft: Draft | undefined, raw: Float32Array, run: Run) => number;

/** Verify the drafted tokens of each row. Returns the accepted ones and the token after them. */
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
      // The accepted tokens, not the drafted ones, precede it, so the state of samplers follows them.
      const context = { ...scores.contexts[index]!, history };
      const { row: shaped, raw } = await shapedScores(scores, index, context, run.samplers);
      // The judge may change the row.
      const asked = run.options.logprobsMode === 'processed' ? { shaped: shaped.logits.slice() } : {};
      const id = judge(shaped, drafts[i]![at], raw, run);
      const details = await run.describe(scores, index, id, { history, ...asked });
      history = shaped.extend(id);
      const guessed = id === drafts[i]![at]?.id;
      tokens.push({ history, details, guessed });
      if (!guessed || run.options.eosTokenIds.includes(id)) break;
    }
    chosen.push(tokens);
  }
  return chosen;
}

/** Sample as plain sampling does. */
function sample(row: HostRow, _: Draft | undefined, raw: Float32Array, { samplers }: Run): number {
  const { random, sequence, history } = row.context;
  return sampleFrom(row, random.key(sequence, history.length, 'draw'), raw, samplers);
}

/** Accept with probability p / q, otherwise sample from max(p - q, 0). */
function accepted(row: HostRow, draft: Draft | undefined, raw: Float32Array, run: Run): number {
  if (draft === undefined) return sample(row, draft, raw, run);
  if (!row.sampleable) refuse(row, raw, run.samplers);
  const { random, sequence, history } = row.context;
  const p = probabilities(row.logits, row.candidates);
  const q = (id: number): number => draft.probabilities?.[id] ?? (id === draft.id ? 1 : 0);
  if (random.uniform(sequence, history.length, 'accept') * q(draft.id) < p[draft.id]!) return draft.id;
  const residual = Float32Array.from(p, (probability, id) => Math.log(Math.max(0, probability - q(id))));
  const key = random.key(sequence, history.length, 'residual');
  const id = sampleToken(residual, key);
  return id >= 0 ? id : sampleFrom(row, key, raw, run.samplers);
}

/** How many drafted tokens fit: one more token must fit after them, and the window of a full context must not move. */
function room(run: Run, { promptIndex, history }: Row, rows: number): number {
  const { contextLength, maxTokens } = run.model;
  const left = run.maxLength(promptIndex) - history.length;
  const still = windowStart(history.length, contextLength) + contextLength - history.length;
  return Math.max(0, Math.min(left - 1, still, Math.floor(maxTokens / rows) - 1));
}

function withDrafts(row: Row, drafts: readonly Draft[]): Row {
  return { ...row, history: drafts.reduce((history, { id }) => history.append(id), row.history) };
}
