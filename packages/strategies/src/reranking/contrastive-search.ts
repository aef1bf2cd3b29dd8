import { History, type Json, UnsupportedError } from '@tokenwright/core';
import { integerOption, numberOption, type OptionsOf } from '@tokenwright/core/options';
import { probabilities, type Scores, topTokens } from '@tokenwright/core/sampling';
import { type ChosenToken, defineStrategy, type Row, type Run } from '@tokenwright/core/strategy';
import { refuse, shapedScores } from '../shared/host-chain.ts';

const options = {
  /** Weight of the penalty, from 0 (greedy decoding) to 1 (the penalty alone). Default 0.6. */
  penaltyAlpha: numberOption({
    min: 0,
    max: 1,
    default: 0.6,
    off: 0,
    suggested: 0.6,
    help: 'Weight of the penalty for similarity: 0 is greedy decoding, 1 is the penalty alone',
  }),
  /** How many of the most probable tokens are tried per step, an integer of at least 1. 1 is greedy decoding. Default 4. */
  topK: integerOption({ min: 1, default: 4, off: 1, suggested: 4, help: 'Tokens that are tried per step' }),
};

export type ContrastiveSearchOptions = OptionsOf<typeof options>;

/**
 * Contrastive search: take the token v of the `topK` most probable ones with the largest
 *
 *     (1 - penaltyAlpha) * p(v) - penaltyAlpha * max_j cos(h_v, h_j)
 *
 * where h_v is the last hidden state that v would have, and h_j are the states of all tokens before it. The result is probable, but
 * unlike the text so far. p is the distribution after the sampler chain. Each step feeds the candidates of a row as `topK` rows, which
 * is also the forward pass of the next step. The computation per step grows with the length of the text.
 *
 * With the option `steps`, each token reports `{ candidates: [{ id, probability, similarity, score }] }`.
 *
 * @see Su et al. 2022, "A Contrastive Framework for Neural Text Generation", arXiv:2202.06417
 * @throws UnsupportedError when the model gives no hidden states, or for `onContextFull: 'slide'`.
 * @example
 * ```ts
 * await generateText(model, tokenizer, 'Once upon a time', {
 *   strategy: contrastiveSearch({ penaltyAlpha: 0.6, topK: 4 }),
 * });
 * ```
 */
export const contrastiveSearch = defineStrategy({
  name: 'contrastive-search',
  summary: 'Take probable tokens whose hidden states are unlike those of the text so far',
  source: 'Su et al. 2022, arXiv:2202.06417',
  options,
  create: ({ penaltyAlpha, topK }) => ({
    comparesTokens: 'by-rank',
    supportsControl: true,
    async *decode(run) {
      if (run.options.onContextFull === 'slide')
        throw new UnsupportedError(
          "onContextFull: 'slide'",
          'contrastiveSearch',
          'The hidden states of forgotten tokens are lost.',
        );
      let rows = await run.start();
      let { scores, contexts } = await readContexts(run, rows);
      let indices = rows.map((_, i) => i);
      while (rows.length > 0) {
        const tried = await Promise.all(indices.map((index, i) => candidatesOf(run, rows[i]!, scores, index, topK)));
        // A row that fills the context cannot try its candidates: it ends with the most probable one.
        const full = rows.map(({ history }) => history.length >= run.model.contextLength);
        if (full.includes(true)) {
          rows = yield* run.accept(
            rows,
            tried.map(([best], i) => (full[i] ? [best!] : [])),
          );
          if (rows.length === 0) return;
          if (rows.length > full.filter((isFull) => !isFull).length) {
            // The reader took tokens of a full row back.
            ({ scores, contexts } = await readContexts(run, rows));
            indices = rows.map((_, i) => i);
            continue;
          }
        }
        const open = tried.filter((_, i) => !full[i]);
        const known = contexts.filter((_, i) => !full[i]);
        run.cache.gather(open.flatMap((candidates, i) => candidates.map(() => i)));
        const cached = run.cache.lengths;
        const next = open.flatMap((candidates, i) => candidates.map(({ history }) => ({ ...rows[i]!, history })));
        scores = (await run.advance(next, { hidden: true })).apply(run.samplers);
        const states = (await fedStates(run, scores, next, cached)).map((fed) => fed.at(-1)!);

        let first = 0;
        const choices = open.map((candidates, i) => {
          const from = first;
          first += candidates.length;
          const ranked = candidates.map((candidate, at): Ranked => {
            const state = states[from + at]!;
            const similarity = known[i]!.reduce((most, other) => Math.max(most, dot(state, other)), -1);
            return {
              ...candidate,
              state,
              index: from + at,
              similarity,
              score: (1 - penaltyAlpha) * candidate.probability - penaltyAlpha * similarity,
            };
          });
          return { ranked, best: ranked.reduce((best, other) => (other.score > best.score ? other : best)) };
        });
        run.cache.gather(choices.map(({ best }) => best.index));
        if (run.options.steps)
          for (const [i, { ranked }] of choices.entries())
            yield {
              type: 'step',
              promptIndex: rows[i]!.promptIndex,
              strategy: 'contrastive-search',
              detail: { candidates: ranked.map(shown) },
            };
        const chosen = new Map(
          choices.map(({ best }, i) => {
            known[i]!.push(best.state);
            return [best.history, { index: best.index, context: known[i]! }];
          }),
        );
        rows = yield* run.accept(
          rows,
          choices.map(({ best }) => [best]),
        );
        if (rows.every(({ history }) => chosen.has(history))) {
          indices = rows.map(({ history }) => chosen.get(history)!.index);
          contexts = rows.map(({ history }) => chosen.get(history)!.context);
        } else {
          // The reader took tokens back, so the states of the remaining ones are read again.
          ({ scores, contexts } = await readContexts(run, rows));
          indices = rows.map((_, i) => i);
        }
      }
    },
  }),
});

interface Candidate extends ChosenToken {
  readonly id: number;
  readonly probability: number;
}

interface Ranked extends Candidate {
  /** The hidden state that it would have, as a unit vector. */
  readonly state: Float32Array;
  /** Its row in the forward pass. */
  readonly index: number;
  readonly similarity: number;
  readonly score: number;
}

/** The `topK` most probable tokens after the chain, or the one token that the reader forced. */
async function candidatesOf(run: Run, row: Row, scores: Scores, index: number, topK: number): Promise<Candidate[]> {
  const { row: shaped, raw } = await shapedScores(scores, index, run.contextOf(row), run.samplers);
  const forced = shaped.context.control?.force?.slice(0, 1);
  if (forced === undefined && !shaped.sampleable) refuse(shaped, raw, run.samplers);
  const p = probabilities(shaped.logits, shaped.candidates);
  return Promise.all(
    Array.from(forced ?? topTokens(shaped.logits, topK, shaped.candidates), async (id) => ({
      id,
      probability: p[id]!,
      history: shaped.extend(id),
      details: await run.describe(scores, index, id),
    })),
  );
}

/** Read the rows and keep the hidden state of every token, as unit vectors. */
async function readContexts(run: Run, rows: readonly Row[]): Promise<{ scores: Scores; contexts: Float32Array[][] }> {
  const contexts = rows.map((): Float32Array[] => []);
  const chunk = tokensPerRow(run, rows.length);
  const longest = Math.max(...rows.map(({ history }) => history.length));
  run.cache.truncate(rows.map(() => 0));
  for (let end = chunk; ; end += chunk) {
    const parts = rows.map((row) =>
      end >= row.history.length ? row : { ...row, history: History.of(row.history.tokens.subarray(0, end)) },
    );
    const cached = run.cache.lengths;
    const scores = await run.advance(parts, { hidden: true });
    for (const [i, fed] of (await fedStates(run, scores, parts, cached)).entries())
      contexts[i]!.splice(parts[i]!.history.length - fed.length, Infinity, ...fed);
    if (end >= longest) return { scores: scores.apply(run.samplers), contexts };
  }
}

/**
 * Hidden states of the tokens that a forward pass fed, per row, as unit vectors.
 *
 * @param cached tokens per row in the cache before the pass.
 */
async function fedStates(
  run: Run,
  scores: Scores,
  rows: readonly Row[],
  cached: readonly number[],
): Promise<Float32Array[][]> {
  const { hidden } = scores.result;
  if (hidden === undefined)
    throw new UnsupportedError('hidden states', run.model.name, 'contrastiveSearch needs them.');
  const values = await hidden.read();
  const most = tokensPerRow(run, rows.length);
  let at = 0;
  return rows.map(({ history: { length } }, i) => {
    const before = run.options.cache === 'none' ? 0 : Math.min(cached[i]!, length - 1);
    return Array.from({ length: Math.min(most, length - before) }, () => {
      at += hidden.columns;
      return unit(values.subarray(at - hidden.columns, at));
    });
  });
}

/** At most this many tokens per row are fed by the last forward pass of an advance. */
function tokensPerRow(run: Run, rows: number): number {
  return Math.max(1, Math.floor(Math.min(run.options.prefillChunkSize, run.model.maxTokens) / rows));
}

function shown({ id, probability, similarity, score }: Ranked): Json {
  return { id, probability, similarity, score };
}

function unit(vector: Float32Array): Float32Array {
  const norm = Math.sqrt(dot(vector, vector)) || 1;
  return vector.map((value) => value / norm);
}

function dot(a: Float32Array, b: Float32Array): number {
  let sum = 0;
  for (let i = 0; i < a.length; i++) sum += a[i]! * b[i]!;
  return sum;
}
