import { checkInteger } from '../../check/check.ts';
import { CacheError, ContextLengthError, ParameterError, ShapeError } from '../../errors.ts';
import type { LanguageModel } from '../../model/language-model.ts';
import { checkReadsSource } from '../../model/visible-source.ts';
import { History } from '../../sampling/history.ts';
import { Random } from '../../sampling/random.ts';
import type { Sampler } from '../../sampling/sampler.ts';
import { DecodingState } from '../contract/decoding-state.ts';
import { chainOf } from '../contract/option-stages.ts';
import type { OptionReport, ResolvedOptions } from '../contract/options.ts';

/** What one call of `generate` sets out to do: checked, and fixed from then on. */
export interface Plan {
  readonly model: LanguageModel;
  readonly options: ResolvedOptions;
  readonly report: OptionReport;
  /** The state that the call continues, if any. */
  readonly state: DecodingState | undefined;
  /** The tokens that each prompt's sequences start from, [prompts]. */
  readonly prompts: readonly History[];
  /** Length of each prompt, without tokens that earlier calls generated from the same state: [prompts]. */
  readonly promptLengths: readonly number[];
  /** Tokens before this call: [prompts]. */
  readonly startLengths: readonly number[];
  /** The caller's chain, with the stages that other options add. */
  readonly samplers: readonly Sampler[];
  /** [prompts]. */
  readonly randoms: readonly Random[];
}

/**
 * Check prompts and ids against the model. Nothing is fed.
 *
 * @throws CacheError for a state of another model, ContextLengthError, ShapeError, ParameterError.
 */
export function planOf(
  model: LanguageModel,
  prompts: readonly ArrayLike<number>[] | DecodingState,
  options: ResolvedOptions,
  report: OptionReport,
): Plan {
  const state = prompts instanceof DecodingState ? prompts : undefined;
  if (state !== undefined && state.model !== model)
    throw new CacheError(`The state belongs to the model '${state.model.name}', not to '${model.name}'.`);
  const histories =
    prompts instanceof DecodingState
      ? [checkedState(model, prompts, options)]
      : prompts.map((prompt, index) => checkedPrompt(model, prompt, index, options));
  checkIds(model, options, report);
  checkReadsSource(model, options.samplers);
  const startLengths = histories.map(({ length }) => length);
  const promptLengths = state === undefined ? startLengths : [state.promptLength];
  return {
    model,
    options,
    report,
    state,
    prompts: histories,
    promptLengths,
    startLengths,
    samplers: chainOf(options, startLengths[0]! - promptLengths[0]!),
    randoms: histories.map((_, index) => new Random(seedOf(options.seed, index, histories.length))),
  };
}

function checkedPrompt(
  model: LanguageModel,
  given: ArrayLike<number>,
  index: number,
  { onContextFull }: ResolvedOptions,
): History {
  const prompt = given.length === 0 ? (model.defaults.decoderStartTokenIds ?? []) : given;
  if (prompt.length === 0)
    throw new ParameterError('generate', `prompts[${index}]`, 'at least one token (the model has no start token)', []);
  if (onContextFull === 'stop' && prompt.length > model.contextLength)
    throw new ContextLengthError(model.contextLength, prompt.length, `prompts[${index}]`);
  for (let i = 0; i < prompt.length; i++)
    checkInteger('generate', `prompts[${index}][${i}]`, prompt[i], 0, model.vocabSize - 1);
  return History.of(prompt);
}

/** The tokens of a state must fit the context, like those of a prompt, except for the last one, which the last position gave. */
function checkedState(model: LanguageModel, { history }: DecodingState, { onContextFull }: ResolvedOptions): History {
  if (onContextFull === 'stop' && history.length > model.contextLength + 1)
    throw new ContextLengthError(model.contextLength, history.length, 'The state');
  return history;
}

/** Ids that the caller names must be in the vocabulary. Ids outside of it in a checkpoint can never be sampled, and do no harm. */
function checkIds(model: LanguageModel, options: ResolvedOptions, report: OptionReport): void {
  for (const name of ['eosTokenIds', 'logprobsOf', 'forcedBosTokenId', 'forcedEosTokenId'] as const) {
    if (report[name]?.source === 'generation_config.json') continue;
    for (const id of [options[name] ?? []].flat()) checkInteger('generate', name, id, 0, model.vocabSize - 1);
  }
}

function seedOf(seed: number | readonly number[], index: number, prompts: number): number {
  if (typeof seed === 'number') return seed;
  if (seed.length !== prompts) throw new ShapeError('generate: seed', [prompts], [seed.length]);
  return seed[index]!;
}
