import { type KVCache, ParameterError } from '@tokenwright/core';
import type { EngineMatrix } from '@tokenwright/core/engine';
import { advance, type ForwardResult, isBatch, windowStart } from '@tokenwright/core/model';
import type { CompositeCache } from './composite-cache.ts';
import { PickedRows } from './picked-rows.ts';
import type { OtherSource, Source } from './source.ts';

/** A scored position: the logits after the first `length` tokens of a row. */
export interface Position {
  readonly row: number;
  readonly length: number;
}

export function positionsOf({ scored }: ForwardResult, { lengths }: KVCache): Position[] {
  return scored.flatMap((count, row) =>
    Array.from({ length: count }, (_, i) => ({ row, length: lengths[row]! - count + 1 + i })),
  );
}

/**
 * Bring the cache of a source to the tokens that it sees, and return its logits for the scored positions. Positions of a row whose
 * tokens are prefixes of one another are scored in one pass; a moving window needs one pass per position.
 */
export function follow(
  source: Source,
  cache: KVCache,
  rows: CompositeCache,
  scored: readonly Position[],
): EngineMatrix {
  const views = scored.map(({ row, length }) => ({ row, seen: seenBy(source, rows, row, length) }));
  const passes: { readonly row: number; readonly seen: Int32Array; readonly at: number }[][] = [];
  for (const [at, { row, seen }] of views.entries()) {
    const pass = passes.find((pass) => pass.every((other) => other.row !== row || isPrefix(other.seen, seen)));
    if (pass === undefined) passes.push([{ row, seen, at }]);
    else pass.push({ row, seen, at });
  }
  const results: ForwardResult[] = [];
  const picks = new Array<{ from: EngineMatrix; row: number }>(scored.length);
  try {
    for (const pass of passes) {
      const wanted = Array.from({ length: cache.rows }, (_, row) => pass.findLast((view) => view.row === row)?.seen);
      const count = Math.max(...pass.map(({ row, seen }) => wanted[row]!.length - seen.length + 1));
      const result = advance(source.model, cache, wanted, {
        scored: count,
        ...(source.layer === undefined ? {} : { earlyExits: [source.layer] }),
      });
      results.push(result);
      const from = source.layer === undefined ? result.logits : result.earlyExits!.get(source.layer)!;
      const ends = result.scored.map((_, row) => result.scored.slice(0, row + 1).reduce((sum, n) => sum + n, 0));
      for (const { row, seen, at } of pass)
        picks[at] = { from, row: ends[row]! - 1 - (wanted[row]!.length - seen.length) };
    }
  } catch (error) {
    for (const result of results) result.dispose();
    throw error;
  }
  return new PickedRows(picks, source.model.vocabSize, results);
}

/** What a source sees of the first `length` tokens of a row. */
function seenBy(source: Source, rows: CompositeCache, row: number, length: number): Int32Array {
  const tokens = rows.tokens(row).subarray(0, length);
  const all = source.prompt === undefined ? tokens : withPrompt(source.prompt, tokens, rows, row);
  if (source.contextWindow !== undefined) return all.subarray(Math.max(0, all.length - source.contextWindow));
  return all.subarray(windowStart(all.length, source.model.contextLength));
}

function withPrompt(
  prompt: NonNullable<OtherSource['prompt']>,
  tokens: Int32Array,
  rows: CompositeCache,
  row: number,
): Int32Array {
  const promptLength = rows.promptLengths[row]!;
  if (prompt === 'last-token') return tokens.subarray(Math.min(tokens.length, Math.max(promptLength, 1)) - 1);
  const ids = isBatch(prompt) ? prompt[rows.origins[row]!] : prompt;
  if (ids === undefined)
    throw new ParameterError(
      'combine',
      'prompt',
      `a list of ids for each of the ${rows.origins[row]! + 1} or more prompts`,
      prompt,
    );
  const generated = tokens.subarray(Math.min(tokens.length, promptLength));
  const seen = new Int32Array(ids.length + generated.length);
  seen.set(ids);
  seen.set(generated, ids.length);
  return seen;
}

function isPrefix(beginning: Int32Array, all: Int32Array): boolean {
  return beginning.length <= all.length && beginning.every((id, i) => all[i] === id);
}
