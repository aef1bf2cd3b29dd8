import { type Finish, ParameterError, type Strategy, type TokenDetails } from '@tokenwright/core';
import { checkInteger, checkNumber, checkOptionNames } from '@tokenwright/core/options';
import { InterruptedError, type Row, type Settled } from '@tokenwright/core/strategy';

export interface BestOfOptions {
  /** How many sequences are drawn for each prompt, at least as many as are returned. */
  readonly numCandidates: number;
  /** Rate a sequence by the model's own sum of log-probabilities / length ^ lengthPenalty. 0 = by the sum. Default 1, the mean. */
  readonly lengthPenalty?: number;
  /** Rate it otherwise: larger is better. `logprobs` are the model's, before any sampler. */
  readonly score?: (sequence: { readonly ids: readonly number[]; readonly logprobs: readonly number[] }) => number;
}

/**
 * Draw several sequences of each prompt side by side, and return the best `sequences` of them with their scores. The prompt is read once.
 * The n-th drawn is the n-th sequence that plain sampling gives for the seed.
 */
export function bestOf(options: BestOfOptions): Strategy {
  const name = 'best-of';
  checkOptionNames('bestOf', options, ['numCandidates', 'lengthPenalty', 'score']);
  const count = checkInteger('bestOf', 'numCandidates', options.numCandidates, 1);
  const lengthPenalty = checkNumber('bestOf', 'lengthPenalty', options.lengthPenalty ?? 1, 'a finite number');
  if (options.score !== undefined && typeof options.score !== 'function')
    throw new ParameterError('bestOf', 'score', 'a function', options.score);
  const score: NonNullable<BestOfOptions['score']> =
    options.score ??
    (({ logprobs }) => logprobs.reduce((sum, logprob) => sum + logprob, 0) / logprobs.length ** lengthPenalty);
  return {
    name,
    parameters: { numCandidates: count, ...(options.score === undefined ? { lengthPenalty } : { score: 'given' }) },
    async *decode(run) {
      checkInteger(name, 'sequences', run.options.numReturnSequences, 1, count);
      const finished: (Settled & { readonly score: number })[] = [];
      const finish = ({ row, logprobs, tokens }: Drawn, reason: Finish): void => {
        const ids = Array.from(row.history.tokens.subarray(run.startLengths[row.promptIndex]!));
        finished.push({ row, finish: reason, tokens, score: ids.length === 0 ? -Infinity : score({ ids, logprobs }) });
      };
      let open = (await run.start(count)).map((row): Drawn => ({ row, logprobs: [], tokens: [] }));
      try {
        while (open.length > 0) {
          const scores = await run.advance(open.map(({ row }) => row));
          const ids = await scores.apply(run.samplers).sample();
          const going: number[] = [];
          for (const [i, drawn] of open.entries()) {
            const row = { ...drawn.row, history: await scores.extend(i, ids[i]!) };
            const { logprob } = await scores.describe(i, ids[i]!);
            const tokens = [...drawn.tokens, await run.describe(scores, i, ids[i]!)];
            const grown: Drawn = { row, logprobs: [...drawn.logprobs, logprob], tokens };
            open[i] = grown;
            const reason = run.finishOf(row);
            if (reason === undefined) going.push(i);
            else finish(grown, reason);
          }
          if (going.length < open.length) run.cache.gather(going);
          open = going.map((i) => open[i]!);
        }
      } catch (error) {
        if (!(error instanceof InterruptedError)) throw error;
        for (const drawn of open) finish(drawn, { finishReason: error.reason });
      }
      for (const prompt of new Set(finished.map(({ row }) => row.promptIndex))) {
        const best = finished.filter(({ row }) => row.promptIndex === prompt).sort((a, b) => b.score - a.score);
        yield* run.settle(
          best
            .slice(0, run.options.numReturnSequences)
            .map((one, sequence) => ({ ...one, row: { ...one.row, sequence } })),
        );
      }
    },
  };
}

interface Drawn {
  readonly row: Row;
  readonly logprobs: readonly number[];
  readonly tokens: readonly TokenDetails[];
}
