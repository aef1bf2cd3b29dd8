import { type Finish, ParameterError, type TokenDetails } from '@tokenwright/core';
import { customOption, integerOption, numberOption, type OptionsOf } from '@tokenwright/core/options';
import { defineStrategy, InterruptedError, type Row, type Settled } from '@tokenwright/core/strategy';

/** Rates a finished sequence; larger is better. `logprobs` are those of the model, before any sampler. */
export type SequenceScore = (sequence: {
  readonly ids: readonly number[];
  readonly logprobs: readonly number[];
}) => number;

const options = {
  /** How many sequences are sampled per prompt, an integer from 1 to 65,536. 1 is plain sampling. */
  numCandidates: integerOption({
    min: 1,
    max: 65_536,
    off: 1,
    suggested: 4,
    help: 'How many sequences are sampled per prompt',
  }),
  /**
   * A sequence scores the model's own sum of log-probabilities / length ^ lengthPenalty. 0 ranks by the sum. Default 1, the mean.
   * Cannot be combined with `score`.
   */
  lengthPenalty: numberOption({
    default: 1,
    off: 0,
    suggested: 1,
    help: 'Exponent of the length that divides the sum of log-probabilities',
  }),
  /** Rates a sequence by other means: larger is better. Default: by log-probability. */
  score: customOption<SequenceScore>({
    kind: 'code',
    optional: true,
    help: 'Function that rates a sequence; larger is better',
    check(owner, name, value) {
      if (typeof value !== 'function') throw new ParameterError(owner, name, 'a function', value);
      return value as SequenceScore;
    },
  }),
};

export type BestOfOptions = OptionsOf<typeof options>;

/**
 * Sample `numCandidates` sequences of each prompt in parallel, and return the best `numReturnSequences` of them with their scores. The
 * prompt is read once. The n-th candidate equals the n-th sequence of plain sampling for the same seed.
 *
 * @throws ParameterError when `numReturnSequences` is larger than `numCandidates`, or for both `score` and `lengthPenalty`.
 * @example
 * ```ts
 * await generateText(model, tokenizer, 'Once upon a time', {
 *   strategy: bestOf({ numCandidates: 8 }),
 *   samplers: [temperature({ temperature: 0.8 })],
 * });
 * ```
 */
export const bestOf = defineStrategy({
  name: 'best-of',
  summary: 'Sample several sequences and return the best ones',
  source: 'The best_of parameter of the OpenAI completions API',
  options,
  create({ numCandidates, lengthPenalty, score: given }) {
    if (given !== undefined && lengthPenalty !== options.lengthPenalty.default)
      throw new ParameterError('bestOf', 'lengthPenalty', 'left out when score is given', lengthPenalty);
    const score = given ?? meanLogprob(lengthPenalty);
    return {
      comparesTokens: 'by-chance',
      async *decode(run) {
        const { numReturnSequences } = run.options;
        if (numReturnSequences > numCandidates)
          throw new ParameterError(
            'bestOf',
            'numReturnSequences',
            `an integer from 1 to numCandidates, which is ${numCandidates}`,
            numReturnSequences,
          );
        const finished: (Settled & { readonly score: number })[] = [];
        const close = ({ row, logprobs, tokens }: Candidate, finish: Finish): void => {
          const ids = Array.from(row.history.tokens.subarray(run.startLengths[row.promptIndex]!));
          finished.push({ row, finish, tokens, score: ids.length === 0 ? -Infinity : score({ ids, logprobs }) });
        };
        let open = (await run.start(numCandidates)).map((row): Candidate => ({ row, logprobs: [], tokens: [] }));
        try {
          while (open.length > 0) {
            const scores = await run.advance(open.map(({ row }) => row));
            const ids = await scores.apply(run.samplers).sample();
            const kept: number[] = [];
            for (const [i, candidate] of open.entries()) {
              candidate.row = run.extend(candidate.row, await scores.extend(i, ids[i]!));
              candidate.logprobs.push((await scores.describe(i, ids[i]!)).logprob);
              candidate.tokens.push(await run.describe(scores, i, ids[i]!));
              const finish = run.finishOf(candidate.row);
              if (finish === undefined) kept.push(i);
              else close(candidate, finish);
            }
            if (kept.length < open.length) run.cache.gather(kept);
            open = kept.map((i) => open[i]!);
          }
        } catch (error) {
          if (!(error instanceof InterruptedError)) throw error;
          for (const candidate of open) close(candidate, { finishReason: error.reason });
        }
        for (const prompt of new Set(finished.map(({ row }) => row.promptIndex))) {
          const best = finished.filter(({ row }) => row.promptIndex === prompt).sort((a, b) => b.score - a.score);
          yield* run.settle(
            best.slice(0, numReturnSequences).map((one, sequence) => ({ ...one, row: { ...one.row, sequence } })),
          );
        }
      },
    };
  },
});

/** A sequence that is being sampled. Grown in place, so that a token costs the same at any length. */
interface Candidate {
  row: Row;
  readonly logprobs: number[];
  readonly tokens: TokenDetails[];
}

function meanLogprob(lengthPenalty: number): SequenceScore {
  return ({ logprobs }) => logprobs.reduce((sum, logprob) => sum + logprob, 0) / logprobs.length ** lengthPenalty;
}
