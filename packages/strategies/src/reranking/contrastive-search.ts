import { History, type Json, type Strategy, UnsupportedError } from '@tokenwright/core';
import { checkInteger, checkNumber, checkOptionNames } from '@tokenwright/core/options';
import { probabilities, type Scores, topTokens } from '@tokenwright/core/sampling';
import type { ChosenToken, Row, Run } from '@tokenwright/core/strategy';
import { refuse, shapedScores } from '../shared/host-chain.ts';

export interface ContrastiveSearchOptions {
  /** How many of the most probable tokens are tried, at least 1. 1 = greedy decoding. Default 4. */
  readonly topK?: number;
  /** Weight of the penalty, from 0 (greedy decoding) to 1 (the penalty alone). Default 0.6. */
  readonly penaltyAlpha?: number;
}

/**
 * Contrastive search (Su et al. 2022, arXiv:2202.06417): take the token v of the `topK` most probable that has the largest
 *
 *     (1 - alpha) * p(v) - alpha * max_j cos(h_v, h_j)
 *
 * where h_v is the last hidden state that v would have, and h_j are those of all tokens before it: probable, but not like what was said
 * already. Each step feeds the candidates of a row as `topK` rows, which is also the forward pass of the next step. p is the
 * distribution after the sampler chain. Needs a model that gives hidden states; does not slide over a full context.
 *
 * With the option `steps`, each token tells `{ candidates: [{ id, probability, similarity, score }] }`.
 */
export function contrastiveSearch(options: ContrastiveSearchOptions = {}): Strategy {
  const name = 'contrastive-search';
  checkOptionNames('contrastiveSearch', options, ['topK', 'penaltyAlpha']);
  const topK = checkInteger('contrastiveSearch', 'topK', options.topK ?? 4, 1);
  const alpha = checkNumber(
    'contrastiveSearch',
    'penaltyAlpha',
    options.penaltyAlpha ?? 0.6,
    'a number from 0 to 1',
    (value) => value >= 0 && value <= 1,
  );
  return {
    name,
    supportsControl: true,
    parameters: { topK, penaltyAlpha: alpha },
    async *decode(run) {
      if (run.options.onContextFull === 'slide')
        throw new UnsupportedError(
          "onContextFull: 'slide'",
          name,
          'Hidden states of tokens that were forgotten are lost.',
        );
      let rows = await run.start();
      let { scores, contexts } = await readContexts(run, rows);
      let indices = rows.map((_, i) => i);
      while (rows.length > 0) {
        const tried = await Promise.all(indices.map((index, i) => candidatesOf(run, rows[i]!, scores, index, topK)));
        // A row that fills the context cannot try its candidates: it ends with the best.
        const full = rows.map(({ history }) => history.length >= run.model.contextLength);
        if (full.includes(true)) {
          rows = yield* run.accept(
            rows,
            tried.map(([best], i) => (full[i] ? [best!] : [])),
          );
          if (rows.length === 0) return;
        }
        const open = tried.filter((_, i) => !full[i]);
        const known = contexts.filter((_, i) => !full[i]);
        run.cache.gather(open.flatMap((candidates, i) => candidates.map(() => i)));
        const held = run.cache.lengths;
        const next = open.flatMap((candidates, i) => candidates.map(({ history }) => ({ ...rows[i]!, history })));
        scores = (await run.advance(next, { hidden: true })).apply(run.samplers);
        const states = (await fedStates(run, scores, next, held)).map((fed) => fed.at(-1)!);

        let first = 0;
        const choices = open.map((candidates, i) => {
          const from = first;
          first += candidates.length;
          const ranked = candidates.map((candidate, at) => {
            const state = states[from + at]!;
            const similarity = known[i]!.reduce((most, other) => Math.max(most, dot(state, other)), -1);
            return {
              ...candidate,
              state,
              index: from + at,
              similarity,
              score: (1 - alpha) * candidate.probability - alpha * similarity,
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
              strategy: name,
              detail: { candidates: ranked.map(shown) },
            };
        const chosen = new Map(
          choices.map(({ best }, i) => [best.history, { index: best.index, context: [...known[i]!, best.state] }]),
        );
        rows = yield* run.accept(
          rows,
          choices.map(({ best }) => [best]),
        );
        if (rows.every(({ history }) => chosen.has(history))) {
          indices = rows.map(({ history }) => chosen.get(history)!.index);
          contexts = rows.map(({ history }) => chosen.get(history)!.context);
        } else {
          // The reader took tokens back.
          ({ scores, contexts } = await readContexts(run, rows));
          indices = rows.map((_, i) => i);
        }
      }
    },
  };
}

interface Candidate extends ChosenToken {
  readonly id: number;
  readonly probability: number;
}

/** The `topK` most probable tokens after the chain, or the one that a reader has forced. */
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

/** Read the prompts, keeping the hidden state of every token, as unit vectors. */
async function readContexts(run: Run, rows: readonly Row[]): Promise<{ scores: Scores; contexts: Float32Array[][] }> {
  const contexts = rows.map((): Float32Array[] => []);
  const chunk = tokensPerRow(run, rows.length);
  const longest = Math.max(...rows.map(({ history }) => history.length));
  run.cache.truncate(rows.map(() => 0));
  for (let end = chunk; ; end += chunk) {
    const parts = rows.map((row) =>
      end >= row.history.length ? row : { ...row, history: History.of(row.history.tokens.subarray(0, end)) },
    );
    const held = run.cache.lengths;
    const scores = await run.advance(parts, { hidden: true });
    for (const [i, fed] of (await fedStates(run, scores, parts, held)).entries())
      contexts[i]!.splice(parts[i]!.history.length - fed.length, Infinity, ...fed);
    if (end >= longest) return { scores: scores.apply(run.samplers), contexts };
  }
}

/** Hidden states of the tokens that a forward pass fed, of each row, as unit vectors. `held`: what the cache had before. */
async function fedStates(
  run: Run,
  scores: Scores,
  rows: readonly Row[],
  held: readonly number[],
): Promise<Float32Array[][]> {
  const { hidden } = scores.result;
  if (hidden === undefined)
    throw new UnsupportedError('hidden states', run.model.name, 'Contrastive search needs them.');
  const values = await hidden.read();
  const most = tokensPerRow(run, rows.length);
  let at = 0;
  return rows.map(({ history: { length } }, i) => {
    const before = run.options.cache === 'none' ? 0 : Math.min(held[i]!, length - 1);
    return Array.from({ length: Math.min(most, length - before) }, () => {
      at += hidden.columns;
      return unit(values.subarray(at - hidden.columns, at));
    });
  });
}

/** How many tokens of each row the last forward pass of an advance feeds at most. */
function tokensPerRow(run: Run, rows: number): number {
  return Math.max(1, Math.floor(Math.min(run.options.prefillChunkSize, run.model.maxTokens) / rows));
}

function shown({ id, probability, similarity, score }: Candidate & { similarity: number; score: number }): Json {
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
