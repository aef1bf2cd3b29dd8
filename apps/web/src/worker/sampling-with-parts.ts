import type { Json, Strategy } from '@tokenwright/core';
import { largest, logProbabilities, type Scores, topTokens } from '@tokenwright/core/sampling';
import type { Run } from '@tokenwright/core/strategy';
import type { ContrastRow } from '../protocol.ts';

/** Tokens of each source that are reported. */
const listed = 6;

/**
 * Sampling from a combined model. A step event per token reports the log-probabilities of the expert, the other source and their
 * combination, for the tokens that matter to one of them.
 */
export function samplingWithParts(): Strategy {
  const name = 'sampling-with-parts';
  return {
    name,
    supportsControl: true,
    async *decode(run) {
      let rows = await run.start();
      while (rows.length > 0) {
        const scores = await run.advance(rows);
        const ids = await scores.apply(run.samplers).sample();
        for (const [i, row] of rows.entries()) {
          const detail = await partsOf(run, scores, i, ids[i]!);
          yield { type: 'step', promptIndex: row.promptIndex, strategy: name, detail };
        }
        rows = yield* run.accept(rows, ids, scores);
      }
    },
  };
}

async function partsOf(run: Run, scores: Scores, row: number, id: number): Promise<Json> {
  const [expert, other] = scores.result.parts!;
  const [expertLogits, otherLogits] = [await expert!.logits.read([row]), await other!.logits.read([row])];
  const combinedLogits = await scores.raw(row);
  const ids = new Set([
    ...topTokens(expertLogits, listed),
    ...topTokens(combinedLogits, listed),
    largest(otherLogits).id,
    id,
  ]);
  const [own, theirs, both] = [expertLogits, otherLogits, combinedLogits].map((logits) => logProbabilities(logits));
  const finite = (value: number): number | null => (Number.isFinite(value) ? value : null);
  const rows = Array.from(
    ids,
    (token): ContrastRow => ({
      id: token,
      expert: finite(own![token]!),
      amateur: finite(theirs![token]!),
      combined: finite(both![token]!),
    }),
  );
  rows.sort((a, b) => (b.expert ?? -Infinity) - (a.expert ?? -Infinity));
  return { id, expertName: run.model.name, amateurName: other!.name, rows: rows.map((entry) => ({ ...entry })) };
}
