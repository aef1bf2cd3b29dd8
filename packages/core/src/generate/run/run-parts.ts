import { ParameterError } from '../../errors.ts';
import type { LanguageModel } from '../../model/language-model.ts';
import { visibleSource } from '../../model/visible-source.ts';
import type { RowContext } from '../../sampling/chain/row-context.ts';
import type { Scores } from '../../sampling/chain/scores.ts';
import type { History } from '../../sampling/history.ts';
import { maxSequence, type Random } from '../../sampling/random.ts';
import { RunState } from '../../sampling/run-state.ts';
import type { Sampler } from '../../sampling/sampler.ts';
import { describeToken } from '../../sampling/token-scores.ts';
import type { TokenDetails } from '../contract/events.ts';
import type { Finish } from '../contract/finish.ts';
import { statesAfter } from '../contract/history-states.ts';
import type { ResolvedOptions } from '../contract/options.ts';
import type { SequenceText } from '../contract/sequence-text.ts';
import type { DescribedAt, Row } from '../contract/strategy.ts';
import { Emission } from './emission.ts';
import { Limits } from './limits.ts';
import type { Plan } from './plan.ts';
import { PromptReuse } from './prompt-reuse.ts';
import { ReaderControl } from './reader-control.ts';
import { RunCache } from './run-cache.ts';

/** The parts of a run, and what strategies ask about rows without moving them. */
export abstract class RunParts {
  readonly plan: Plan;
  readonly cache: RunCache;
  readonly limits: Limits;
  readonly emission: Emission;
  protected readonly control: ReaderControl;
  protected readonly reuse: PromptReuse;
  readonly #memory: RunState;

  constructor(plan: Plan) {
    const { model, options, prompts, samplers, state } = plan;
    this.plan = plan;
    this.#memory = state?.memoryOf(samplers) ?? new RunState();
    this.cache = RunCache.open(model, prompts.length, state?.cache ?? options.cache);
    this.limits = new Limits(plan);
    this.reuse = new PromptReuse(this.cache);
    this.emission = new Emission(plan, this.limits, this.reuse);
    this.control = new ReaderControl(plan, this.cache, this.#memory);
  }

  get model(): LanguageModel {
    return this.plan.model;
  }

  get options(): ResolvedOptions {
    return this.plan.options;
  }

  get samplers(): readonly Sampler[] {
    return this.plan.samplers;
  }

  get promptLengths(): readonly number[] {
    return this.plan.promptLengths;
  }

  get startLengths(): readonly number[] {
    return this.plan.startLengths;
  }

  get interrupted(): 'abort' | 'timeout' | undefined {
    return this.limits.interrupted;
  }

  maxLength(promptIndex: number): number {
    return this.limits.maxLength(promptIndex);
  }

  random(promptIndex: number): Random {
    return this.plan.randoms[promptIndex]!;
  }

  extend(row: Row, history: History): Row {
    if (!this.#stopsDependOnText) return { ...row, history };
    return {
      ...row,
      history,
      text: this.#textOf(row).push(history.at(-1)!, this.limits.pushOf(history, row.promptIndex)),
    };
  }

  finishOf(row: Row): Finish | undefined {
    return this.limits.finishOf(row, this.#stopsDependOnText ? this.#textOf(row) : undefined);
  }

  get #stopsDependOnText(): boolean {
    const { tokenizer, stopStrings, stopWhen } = this.options;
    return tokenizer !== undefined && (stopStrings.length > 0 || stopWhen !== undefined);
  }

  /** The text of a row. A row that was not made by `extend` is read from its start. */
  #textOf(row: Row): SequenceText {
    if (row.text !== undefined) return row.text;
    const { promptIndex } = row;
    let text = this.emission.openingText(promptIndex);
    for (const history of statesAfter(row.history, this.startLengths[promptIndex]!))
      text = text.push(history.at(-1)!, this.limits.pushOf(history, promptIndex));
    return text;
  }

  contextOf(row: Row, history: History = row.history): RowContext {
    const source = visibleSource(this.model, row.promptIndex);
    const control = this.control.at(history);
    return {
      history,
      sequence: sequenceKey(this.plan.state?.sequence ?? 0, row),
      promptLength: this.promptLengths[row.promptIndex]!,
      vocabSize: this.model.vocabSize,
      eosTokenIds: this.options.eosTokenIds,
      maxLength: this.maxLength(row.promptIndex),
      random: this.random(row.promptIndex),
      state: this.#memory,
      ...(control === undefined ? {} : { control }),
      ...(source === undefined ? {} : { source }),
    };
  }

  /** Leave the state after the last token that the reader has received, when the call is left or fails. */
  protected leaveState(): void {
    const [sequence] = this.emission.sequences;
    if (sequence !== undefined && !sequence.ended) this.plan.state?.moveTo(sequence.history, sequence.text.suspend());
  }

  async describe(
    scores: Scores,
    index: number,
    id: number,
    { history, shaped }: DescribedAt = {},
  ): Promise<TokenDetails> {
    const { logprobs, topLogprobs, logprobsOf, logprobsMode: mode, explain } = this.options;
    const asked = { top: topLogprobs, ids: logprobsOf, mode };
    const isAsked = logprobs || topLogprobs > 0 || logprobsOf.length > 0;
    return {
      ...(isAsked && shaped !== undefined && mode === 'processed'
        ? describeToken(shaped, id, asked)
        : isAsked
          ? await scores.describe(index, id, asked)
          : {}),
      ...(explain ? { explanation: await scores.explain(index, 10, history) } : {}),
    };
  }

  tally(row: Row, drafted: number): void {
    const sequence = this.emission.sequenceOf(row);
    sequence.draftedTokens = (sequence.draftedTokens ?? 0) + drafted;
  }
}

function sequenceKey(first: number, { sequence, beamIndex = 0 }: Row): number {
  const key = first + sequence;
  if (key > maxSequence) throw new ParameterError('generate', 'sequence', `at most ${maxSequence}`, key);
  if (beamIndex > maxSequence) throw new ParameterError('generate', 'beamIndex', `at most ${maxSequence}`, beamIndex);
  return key + beamIndex * 0x1_0000;
}
